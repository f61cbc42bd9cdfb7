/** Server-sent events out of text that comes in pieces cut anywhere, also between the two halves of a CRLF. */

/** Gives the data of each event once its blank line is there. Event names and ids are not for us. */
export class EventLines {
  #rest = '';
  #data: string[] = [];

  /** The events that this piece completes. */
  push(text: string): string[] {
    const events: string[] = [];
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (this.#data.length > 0) events.push(this.#data.join('\n'));
        this.#data = [];
      } else if (line.startsWith('data:')) {
        this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
      }
      // Comments, such as the keep-alives of OpenRouter, and other fields carry nothing.
    }
    return events;
  }
}
