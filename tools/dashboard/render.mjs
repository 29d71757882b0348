// Draws every panel of a Grafana dashboard from what a Prometheus answers, without
// Grafana: for the picture in the documentation, and to see what a change does.
//
//   node render.mjs PROMETHEUS_URL FROM TO DASHBOARD.json OUT.png
//
// FROM and TO are seconds since 1970.
import { readFileSync, writeFileSync } from "node:fs";
import { Resvg } from "@resvg/resvg-js";
import * as echarts from "echarts";

const [prometheus, from, to, dashboardFile, out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node render.mjs PROMETHEUS_URL FROM TO DASHBOARD.json OUT.png");
  process.exit(2);
}
const start = Number(from), end = Number(to);
const step = Math.max(5, Math.ceil((end - start) / 200));
const cell = { width: 58, height: 34, gap: 8 };
const colors = ["#5470c6", "#91cc75", "#fac858", "#ee6666", "#73c0de", "#3ba272", "#fc8452", "#9a60b4"];

const plain = (expr) => expr.replaceAll("$job", ".*").replaceAll("$instance", ".*").replaceAll("$__rate_interval", "30s");

async function ask(expr) {
  const query = new URLSearchParams({ query: plain(expr), start, end, step });
  const answer = await fetch(`${prometheus}/api/v1/query_range?${query}`);
  const body = await answer.json();
  if (body.status !== "success") throw new Error(`${expr}: ${body.error}`);
  return body.data.result;
}

const named = (format, labels) => format.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? "");

const units = {
  short: (v) => (v >= 1000 ? `${+(v / 1000).toPrecision(3)} k` : `${+v.toPrecision(3)}`),
  s: (v) => (v >= 172800 ? `${+(v / 86400).toPrecision(3)} d` : v >= 1 || v === 0 ? `${+v.toPrecision(3)} s` : `${+(v * 1000).toPrecision(3)} ms`),
  bytes: (v) => `${+(v / 1048576).toPrecision(3)} MiB`,
};

async function series(panel) {
  const all = [];
  for (const target of panel.targets) {
    for (const one of await ask(target.expr)) {
      const data = one.values.map(([t, v]) => [t * 1000, Number(v)]).filter(([, v]) => Number.isFinite(v));
      all.push({ name: named(target.legendFormat, one.metric), data });
    }
  }
  return all;
}

function chart(panel, all, width, height) {
  const unit = units[panel.fieldConfig.defaults.unit] ?? units.short;
  const c = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  c.setOption({
    animation: false,
    color: colors,
    backgroundColor: "#ffffff",
    title: { text: panel.title, left: 10, top: 6, textStyle: { fontSize: 13, fontFamily: "DejaVu Sans" } },
    textStyle: { fontFamily: "DejaVu Sans" },
    legend: { bottom: 4, left: 10, itemWidth: 14, itemGap: 22, itemHeight: 6, textStyle: { fontSize: 10, fontFamily: "DejaVu Sans" } },
    grid: { left: 62, right: 14, top: 34, bottom: all.length > 3 && width < 500 ? 62 : 50 },
    xAxis: { type: "time", min: start * 1000, max: end * 1000, axisLabel: { fontSize: 10, hideOverlap: true, formatter: "{HH}:{mm}" } },
    yAxis: { type: "value", min: 0, axisLabel: { fontSize: 10, formatter: unit }, splitNumber: 4 },
    series: all.map((s) => ({ ...s, type: "line", showSymbol: false, lineStyle: { width: 1.5 } })),
    graphic: all.some((s) => s.data.length) ? [] : [{ type: "text", left: "center", top: "middle", style: { text: "no data: nothing of this kind happened", fill: "#888", fontSize: 11 } }],
  });
  const svg = c.renderToSVGString();
  c.dispose(); // its timers would keep the program from ending
  return svg;
}

function stat(panel, all, width, height) {
  const unit = units[panel.fieldConfig.defaults.unit] ?? units.short;
  const value = all[0]?.data.at(-1)?.[1];
  const steps = panel.fieldConfig.defaults.thresholds.steps;
  const color = { green: "#3ba272", orange: "#e69138", red: "#cc3333" }[steps.filter((s) => s.value === null || value >= s.value).at(-1).color];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" rx="3" fill="${value === undefined ? "#888" : color}"/>
<text x="10" y="21" font-family="DejaVu Sans" font-size="13" font-weight="bold" fill="#fff">${panel.title}</text>
<text x="50%" y="65%" font-family="DejaVu Sans" font-size="44" text-anchor="middle" fill="#fff">${value === undefined ? "no data" : unit(value)}</text></svg>`;
}

const dashboard = JSON.parse(readFileSync(dashboardFile, "utf8"));
let height = 0;
const parts = [];
for (const panel of dashboard.panels) {
  const { x, y, w, h } = panel.gridPos;
  const size = [w * cell.width - cell.gap, h * cell.height - cell.gap];
  const all = await series(panel);
  const svg = (panel.type === "stat" ? stat : chart)(panel, all, ...size);
  // Every chart begins its ids at 0, and all stand in one document.
  const own = svg.replace(/(id="|#)(zr\d)/g, `$1p${panel.id}-$2`).replace("<svg ", `<svg x="${x * cell.width + cell.gap}" y="${y * cell.height + cell.gap}" `);
  parts.push(own);
  height = Math.max(height, (y + h) * cell.height + cell.gap);
}
const width = 24 * cell.width + cell.gap;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#e8e8ec"/>${parts.join("")}</svg>`;
const png = new Resvg(svg, { font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" } }).render().asPng();
writeFileSync(out, png);
console.log(`${out}: ${dashboard.panels.length} panels, ${png.length} bytes`);
