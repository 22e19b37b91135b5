/**
 * Joins that name what a dimension `d` stands for: `ki` the metered key, `ak` its key of the inventory while it is
 * bound, `ws` the workspace. Meant for the reports of this folder.
 */
export const JOIN_NAMES = `
  join key_identity ki on ki.key_ref = d.key_ref
  left join key_binding kb on kb.key_ref = d.key_ref and kb.unbound_at is null
  left join api_key ak on ak.api_key_id = kb.api_key_id
  left join workspace ws on ws.workspace_id = d.workspace_id`;

/** How a key is called in every report: its name at Anthropic, else the hint of its secret. */
export const KEY_NAME = 'coalesce(ak.name, ki.hint)';
