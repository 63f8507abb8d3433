// How many series a panel can show by name, from its place in the grid and its legend. Grafana's grid has cells of 30 pixels with gaps of
// 8, and on a screen of 1920 pixels a column is 77 wide.
import type { Panel } from "./dashboards.ts";

const HEADER = 40;

/** Tables scroll and heatmaps have no legend: they have room for everything. */
export function roomFor(panel: Panel): number {
  const height = panel.gridPos.h * 38 - 8 - HEADER;
  const width = panel.gridPos.w * 77 - 24;
  switch (panel.type) {
    case "timeseries": {
      const { legend } = panel.options;
      if (legend?.showLegend !== true) return 1;
      // A legend at the side is as high as the panel, less its header; one below may take a third of the height.
      if (legend.placement === "right") return Math.floor((height - 25) / 24);
      return Math.floor(width / 190) * Math.floor(height / 3 / 24);
    }
    case "bargauge":
      return Math.floor(height / 30);
    case "state-timeline":
      return Math.floor((height - 30) / 18);
    case "stat":
      return Math.max(1, Math.floor(width / 130) * Math.floor(height / 60));
    case "table":
    case "heatmap":
      return Number.POSITIVE_INFINITY;
    default:
      throw new Error(`nobody knows how much room a panel of type ${panel.type} has`);
  }
}
