/** Double of the module `k6/data`. Shared it is not: each virtual user of the double makes its own. */
export class SharedArray {
  constructor(_name: string, make: () => unknown[]) {
    // biome-ignore lint/correctness/noConstructorReturn: as documented, `new` gives the array itself
    return Object.freeze(make()) as never;
  }
}
