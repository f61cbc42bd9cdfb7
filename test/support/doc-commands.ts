/** The commands that a page shows: lines of its code blocks, and code in a sentence that begins like one. */

/** One command of a line, taken apart as a shell would, but for what it would put in. */
export interface Shown {
  /** As the page has it. */
  readonly text: string;
  /** Set before it, by `NAME=value` or `export`. */
  readonly variables: readonly (readonly [name: string, value: string])[];
  /** Empty where the line sets variables and nothing more. */
  readonly program: string;
  readonly words: readonly string[];
}

const BLOCK = /^```\n(.*?)^```/gms;
const CODE = /`([^`]+)`/g;
/** Code in a sentence is a command where it begins with a program and has a word after it. */
const COMMAND = /^(docker|curl|promtool|amtool|node|npm|npx|kill|ps|cp|psql|pg_dump) \S/;

export function shownCommands(page: string): Shown[] {
  const blocks = [...page.matchAll(BLOCK)].flatMap(([, body = '']) =>
    body.replaceAll('\\\n', ' ').split('\n'),
  );
  const sentences = page.replaceAll(BLOCK, '');
  const spans = [...sentences.matchAll(CODE)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));
  const lines = [...blocks, ...spans.filter((code) => COMMAND.test(code))];
  const commands = lines.map((line) => line.replace(/\s+# .*$/, '').trim()).filter((line) => line !== '');
  return [...new Set(commands)].flatMap(apart);
}

/** A line may hold several commands, one in another's `$(…)` too. */
function apart(line: string): Shown[] {
  const inner = [...line.matchAll(/\$\(([^()]*)\)/g)].flatMap(([, code = '']) => apart(code));
  const outer = line.replaceAll(/\$\([^()]*\)/g, '$SUBSTITUTED');
  return [...separated(outer).map(one), ...inner];
}

/** At `|`, `&&` and `;`, where they are not quoted. */
function separated(line: string): string[] {
  const parts = line.match(/(?:'[^']*'|"[^"]*"|[^|&;'"])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function one(text: string): Shown {
  const words = (text.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) =>
    word.replaceAll(/['"]/g, ''),
  );
  const first = words[0] === 'export' ? 1 : 0;
  let at = first;
  const variables: [string, string][] = [];
  for (; at < words.length; at += 1) {
    const [, name, value = ''] = /^([A-Z][A-Z_]*)=(.*)$/s.exec(words[at] ?? '') ?? [];
    if (name === undefined) break;
    variables.push([name, value]);
  }
  // What comes after `<` or `>` is a file, and not the program's word.
  const rest = words.slice(at);
  const redirected = rest.findIndex((word) => /^[<>]/.test(word));
  const [program = '', ...own] = redirected === -1 ? rest : rest.slice(0, redirected);
  return { text, variables, program, words: own };
}
