import { describe, type Item, subtotal } from "./cart.js";

const vatRate = 0.19;

export function invoice(items: readonly Item[]): string {
  const net = subtotal(itmes);
  const lines = items.map(describe);
  lines.push(`net ${net.toFixd(2)}`, `gross ${(net * (1 + vatRates)).toFixed(2)}`);
  return lines.join("\n");
}
