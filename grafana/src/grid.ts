// Where panels stand: sections one below the other, panels from left to right, a new line when one is full.
import type { Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import { RowBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import type { SizedPanel } from "./panels/panel.ts";

export interface Section {
  title: string;
  panels: readonly SizedPanel[];
}

const GRID_WIDTH = 24;
/** Rows need ids, too: above those of all panels. */
const FIRST_ROW_ID = 1000;

/** @throws if a line is not filled or its panels differ in height: the grid would have holes. */
export function placed(sections: readonly Section[]): (Panel | RowPanel)[] {
  let y = 0;
  return sections.flatMap(({ title, panels }, index) => {
    const row = new RowBuilder(title).id(FIRST_ROW_ID + index).gridPos({ x: 0, y, w: GRID_WIDTH, h: 1 });
    y += 1;
    const lines = linesOf(panels, title);
    const below = lines.flatMap((line) => {
      let x = 0;
      const height = line[0]?.size.height ?? 0;
      const standing = line.map(({ panel, size }) => {
        const at = { ...panel, gridPos: { x, y, w: size.width, h: size.height } };
        x += size.width;
        return at;
      });
      y += height;
      return standing;
    });
    return [row.build(), ...below];
  });
}

function linesOf(panels: readonly SizedPanel[], section: string): SizedPanel[][] {
  const lines: SizedPanel[][] = [];
  let line: SizedPanel[] = [];
  let width = 0;
  for (const panel of panels) {
    line.push(panel);
    width += panel.size.width;
    if (width < GRID_WIDTH) continue;
    const heights = new Set(line.map(({ size }) => size.height));
    if (width > GRID_WIDTH || heights.size > 1)
      throw new RangeError(`section ${section}: the line that ends with panel ${panel.panel.id} does not fit`);
    lines.push(line);
    line = [];
    width = 0;
  }
  if (line.length > 0) throw new RangeError(`section ${section}: its last line is not full`);
  return lines;
}
