/** The links of a page, and whether they lead anywhere in this repository. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Targets of the links of a page, those to the web left out. */
export function linksOf(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^https?:/.test(target));
}

/** A sentence for each link that leads nowhere: no such file, or no such heading in it. */
export async function whatIsWrongWith(page: string, links: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const link of links) {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : path.resolve(path.dirname(page), file);
    const found = await stat(target).catch(() => null);
    if (found === null) wrong.push(`${link}: no such file`);
    else if (anchor !== undefined && !(await anchorsOf(target)).has(anchor))
      wrong.push(`${link}: no such heading`);
  }
  return wrong;
}

/** As GitHub makes them of headings. */
async function anchorsOf(file: string): Promise<ReadonlySet<string>> {
  const headings = (await readFile(file, 'utf8')).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
