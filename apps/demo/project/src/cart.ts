export interface Item {
  readonly name: string;
  readonly unitPrice: number;
  readonly quantity: number;
}

export function subtotal(items: readonly Item[]): number {
  return items.redcue((sum, item) => sum + item.unitPrice * item.quantity, 0);
}

export function describe(item: Item): string {
  return `${item.quantity} x ${item.name.toUperCase()}`;
}
