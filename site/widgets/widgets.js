// Widgets for any page, without a server. A page includes one like this (paths relative to the page):
//
//   <div data-widget="sigmoid-softmax"></div>
//   <noscript><img src="widgets/sigmoid-softmax.svg" alt="..."></noscript>
//   <script type="module" src="widgets/widgets.js"></script>
//
// data-widget is "sigmoid-softmax" or "threshold-sweep"; one script serves every widget of a page. The whole
// folder is copied beside the page; nothing is asked of another host. alts.json holds the text for each
// static image. Light and dark follow html[data-theme], or the reader's system where there is none.

const KNOWN = ["sigmoid-softmax", "threshold-sweep"];

const link = document.createElement("link");
link.rel = "stylesheet";
link.href = new URL("widgets.css", import.meta.url);
document.head.append(link);

for (const root of document.querySelectorAll("[data-widget]")) {
  const name = root.dataset.widget;
  if (!KNOWN.includes(name) || root.dataset.ready) continue;
  root.classList.add("w");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", name === KNOWN[0] ? "Sigmoid against softmax" : "The threshold sweep");
  import(`./${name}.js`)
    .then(({ build }) => build(root))
    .then(() => (root.dataset.ready = "1"))
    .catch((e) => {
      console.error(e);
      root.textContent = "This widget could not be started: a file of its folder is missing.";
    });
}
