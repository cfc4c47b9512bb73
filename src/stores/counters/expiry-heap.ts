/** What an ExpiryHeap holds. The heap writes `heapIndex`: -1 while the item is not in it. */
export interface Expiring {
  readonly expiresMs: number;
  heapIndex: number;
}

/** A binary heap of what expires, soonest first, from which any item can be taken. Every operation is O(log n). */
export class ExpiryHeap<Item extends Expiring> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item that expires first. */
  first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#up(item, this.#items.length - 1);
  }

  /** Takes an item out; nothing happens when it is not in. */
  remove(item: Item): void {
    const index = item.heapIndex;
    if (index === -1) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    if (last.expiresMs < item.expiresMs) this.#up(last, index);
    else this.#down(last, index);
  }

  #up(item: Item, from: number): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = items[above] as Item;
      if (parent.expiresMs <= item.expiresMs) break;
      items[index] = parent;
      parent.heapIndex = index;
      index = above;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  #down(item: Item, from: number): void {
    const items = this.#items;
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= items.length) break;
      const right = items[below + 1];
      if (right !== undefined && right.expiresMs < (items[below] as Item).expiresMs) below++;
      const child = items[below] as Item;
      if (child.expiresMs >= item.expiresMs) break;
      items[index] = child;
      child.heapIndex = index;
      index = below;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}
