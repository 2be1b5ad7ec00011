// A live figure's page: finds plotly.js once a page, then draws what the kernel last said, in the page's colours.
const MIME = "application/vnd.plotly.v1+json";
const shared = (globalThis.autorPlotly ??= { page: Math.random().toString(36).slice(2), asked: 0 });
shared.found ??= new Promise((found) => (shared.settle = found));

// JupyterLab and Notebook 7 may hold plotly's own extension, which loads plotly.js when it first draws.
async function fromServer() {
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

async function plotly(model, signal) {
  const within = (ms, promise) => Promise.race([promise, new Promise((done) => setTimeout(done, ms))]);
  shared.server ??= within(8000, globalThis.Plotly?.react ? Promise.resolve(globalThis.Plotly) : fromServer()).catch(() => {});
  const served = await shared.server;
  if (served?.react) return served;
  const heard = (message, buffers) => {
    if (message?.autor !== "plotly" || shared.importing) return;
    shared.importing = fromBundle(buffers[0]).then(shared.settle, (error) => {
      shared.importing = null;
      console.error(error);
    });
  };
  const ask = () => {
    if (shared.importing || Date.now() - shared.asked < 3000) return;
    shared.asked = Date.now();
    model.send({ autor: "plotly?", page: shared.page });
  };
  model.on("msg:custom", heard);
  const timer = setInterval(ask, 4000);
  const stop = () => (clearInterval(timer), model.off("msg:custom", heard));
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
  el.append(node);
  let Plotly, due;
  const draw = () => {
    if (!Plotly || due) return;
    due = setTimeout(() => {
      due = 0;
      const inks = isDark(el) ? model.get("_dark") : {};
      const said = JSON.stringify([model.get("_widget_data"), model.get("_widget_layout")]);
      const [data, layout] = JSON.parse(said.replace(/"(#[0-9a-f]{6})"/g, (all, ink) => (inks[ink] ? `"${inks[ink]}"` : all)));
      node.setAttribute("aria-label", layout.meta?.name ?? "figure");
      Object.assign(node.style, { width: `${layout.width}px`, height: `${layout.height}px` });
      Plotly.react(node, data, layout, { displayModeBar: false, responsive: false });
    }, 15);
  };
  model.on("change:_widget_data change:_widget_layout", draw);
  const watch = new MutationObserver(() => [0, 400, 1500].forEach((ms) => setTimeout(draw, ms)));
  for (const place of [document.documentElement, document.body])
    watch.observe(place, { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light", "data-theme"] });
  over.signal.addEventListener("abort", () => {
    watch.disconnect();
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

export default { render };
