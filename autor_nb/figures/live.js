// A live figure's page: finds plotly.js once a page, then draws what the kernel last said, in the page's colours.
const MIME = "application/vnd.plotly.v1+json";
const shared = (globalThis.autorPlotly ??= { page: Math.random().toString(36).slice(2), asked: 0 });
shared.found ??= new Promise((found) => (shared.settle = found));

// JupyterLab and Notebook 7 may hold plotly's own extension, which loads plotly.js when it first draws.
async function fromServer() {
  if (globalThis.Plotly?.react) return globalThis.Plotly;
  const box = globalThis._JUPYTERLAB?.["jupyterlab-plotly"];
  if (!box) return;
  const extension = (await box.get("./mimeExtension"))().default;
  const widget = [extension].flat()[0].rendererFactory.createRenderer({ mimeType: MIME });
  await widget.renderModel({ data: { [MIME]: { data: [], layout: {} } }, metadata: {}, setData() {} });
  widget.dispose();
  return globalThis.Plotly;
}

async function fromBundle(packed) {
  const bytes = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
  const address = URL.createObjectURL(new Blob([await bytes.blob()], { type: "text/javascript" }));
  await import(/* webpackIgnore: true */ /* @vite-ignore */ address);
  URL.revokeObjectURL(address);
  return globalThis.Plotly;
}

// Heard as long as the model lives: the view that asked may be gone when the answer comes.
function initialize({ model }) {
  model.on("msg:custom", (message, buffers) => {
    if (message?.autor !== "plotly" || shared.importing) return;
    shared.importing = fromBundle(buffers[0]).then(shared.settle, (error) => {
      shared.importing = null;
      console.error(error);
    });
  });
}

async function plotly(model, signal) {
  shared.server ??= Promise.race([fromServer().catch(() => {}), new Promise((late) => setTimeout(late, 8000))]);
  const served = await shared.server;
  if (served?.react) return served;
  const ask = () => {
    if (shared.importing || Date.now() - shared.asked < 3000) return;
    shared.asked = Date.now();
    model.send({ autor: "plotly?", page: shared.page });
  };
  const timer = setInterval(ask, 4000), stop = () => clearInterval(timer);
  signal.addEventListener("abort", stop);
  ask();
  return shared.found.finally(stop);
}

// Dark is what lies behind the figure, whatever the front end calls its theme.
function isDark(node) {
  for (; node; node = node.parentElement ?? node.getRootNode()?.host) {
    const part = getComputedStyle(node).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
    if (part.length > 2 && part[3] !== 0) return 0.3 * part[0] + 0.59 * part[1] + 0.11 * part[2] < 128;
  }
  return false;
}

async function render({ model, el }) {
  const over = new AbortController();
  const node = document.createElement("div");
  node.setAttribute("role", "img");
  node.textContent = "This figure waits for the kernel.";
  el.style.cssText += "overflow-x:auto;max-width:100%";
  // where it is too wide, the keys scroll it
  Object.assign(el, { tabIndex: 0, role: "region", ariaLabel: "Figure" });
  el.append(node);
  let Plotly, due;
  // A figure that is too wide shrinks by up to three tenths; beyond that the page scrolls it.
  const fit = () => {
    const { width, height } = model.get("_widget_layout"), by = Math.max(0.7, Math.min(1, el.clientWidth / width || 1));
    node.style.cssText = `width:${width}px;height:${height}px;transform-origin:0 0;transform:scale(${by});margin-bottom:${(by - 1) * height}px`;
  };
  const draw = () => {
    if (!Plotly || due) return;
    due = setTimeout(() => {
      due = 0;
      const inks = isDark(el) ? model.get("_dark") : {};
      const said = JSON.stringify([model.get("_widget_data"), model.get("_widget_layout")]);
      const [data, layout] = JSON.parse(said.replace(/"(#[0-9a-f]{6})"/g, (all, ink) => (inks[ink] ? `"${inks[ink]}"` : all)));
      node.setAttribute("aria-label", layout.meta?.name ?? "figure");
      fit();
      Plotly.react(node, data, layout, { displayModeBar: false, responsive: false });
    }, 15);
  };
  model.on("change:_widget_data change:_widget_layout", draw);
  const watch = new MutationObserver(() => [0, 400, 1500].map((ms) => setTimeout(draw, ms)));
  for (const place of [document.documentElement, document.body])
    watch.observe(place, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light", "data-theme"] });
  const wide = new ResizeObserver(() => Plotly && fit());
  wide.observe(el);
  over.signal.addEventListener("abort", () => {
    watch.disconnect();
    wide.disconnect();
    model.off("change:_widget_data change:_widget_layout", draw);
    Plotly?.purge(node);
  });
  plotly(model, over.signal).then((found) => {
    if (over.signal.aborted) return;
    Plotly = found;
    node.textContent = "";
    draw();
  });
  return () => over.abort();
}

export default { initialize, render };
