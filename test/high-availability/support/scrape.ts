/** The metrics of a gateway as they are now. */
export interface Scrape {
  /** Sum of the samples of a name whose labels hold all of these. */
  sum(name: string, labels?: Record<string, string>): number;
  text: string;
}

/** Reads the metrics of the admin listener. */
export async function scrape(adminPort: number): Promise<Scrape> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  return {
    text,
    sum(name, labels = {}) {
      let sum = 0;
      for (const line of text.split('\n')) {
        if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
        if (Object.entries(labels).some(([label, value]) => !line.includes(`${label}="${value}"`))) continue;
        sum += Number(line.slice(line.lastIndexOf(' ')));
      }
      return sum;
    },
  };
}
