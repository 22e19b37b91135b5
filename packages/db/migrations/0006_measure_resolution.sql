-- What the selector of each measure means by the present inventory and bindings.
create view measure_resolution as
select measure_id,
       case select_kind
         when 'key' then (
           select coalesce(array_agg(b.key_ref::text order by b.key_ref), '{}')
             from key_binding b join api_key k using (api_key_id)
            where b.unbound_at is null and k.name = m.select_name)
         when 'workspace' then (
           select coalesce(array_agg(w.workspace_id order by w.workspace_id), '{}')
             from workspace w where w.name = m.select_name)
       end as resolved
  from measure m;

-- What a key's status is as far as anybody knows: the inventory's last look, or the revoker's when that is newer.
create view api_key_status as
select k.api_key_id,
       case when c.observed_at > k.last_seen_at and c.observed in ('active', 'inactive', 'archived', 'expired')
            then c.observed else k.status end as status
  from api_key k left join key_control c using (api_key_id);
