import type { Figures } from './figures.ts';
import { circumstances } from './print.ts';
import { rowsOf } from './rows.ts';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

/** The page with the table between its two markers replaced. Throws when they are not there. */
export function withFigures(page: string, figures: Figures): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${markdown(figures)}\n\n${page.slice(end)}`;
}

function markdown(figures: Figures): string {
  const lines = rowsOf(figures).map(({ what, measured, aim, notBelow }) => {
    const indented = what.startsWith('  ') ? `· ${what.trim()}` : what;
    return `| ${indented} | ${measured} | ${aim} | ${notBelow} |`;
  });
  return [
    `${circumstances(figures)}.`,
    '',
    '| what | measured | aim | not done beyond |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
