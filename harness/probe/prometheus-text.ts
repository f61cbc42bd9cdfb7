/** Reads samples from Prometheus' text format. */

/** One sample: name, labels, value; what may follow is a time. */
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export interface Sample {
  labels: ReadonlyMap<string, string>;
  value: number;
}

/** The samples of a metric that have these labels. */
export function samplesOf(text: string, metric: string, wanted: Readonly<Record<string, string>>): Sample[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith(metric)) return [];
    const [, name, told = '', value] = SAMPLE.exec(line) ?? [];
    if (name !== metric) return [];
    const labels = new Map([...told.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text]));
    const fits = Object.entries(wanted).every(([label, text]) => labels.get(label) === text);
    return fits ? [{ labels, value: Number(value) }] : [];
  });
}
