"How the page looks, and the two scripts that run in the browser."

from mlc_course.tools.demo.maps import COLOURS
from mlc_course.tools.demo.reading import MAX_BYTES, MAX_PIXELS

UPLOAD = f"""<div class="mlc-drop">
<input type="file" id="mlc-file" accept="image/*" aria-describedby="mlc-limits">
<label for="mlc-file"><b>Choose a picture</b><span> or drop it here, or paste it</span></label>
<p id="mlc-limits">{MAX_BYTES / 1e6:.0f} MB and {MAX_PIXELS / 1e6:.0f} million pixels at most.
The file is deleted as soon as it has been looked at.</p></div>
<p id="mlc-note" role="alert"></p>"""

UPLOAD_JS = """
const find = o => element.querySelector(o);
const input = find('#mlc-file'), note = find('#mlc-note'), zone = find('.mlc-drop');
const send = async file => {
  if (!file) return;
  note.textContent = '';
  if (file.size > LIMIT) {
    const size = `${(file.size/1e6).toFixed(1)} MB, and ${LIMIT/1e6} MB are allowed`;
    note.textContent = `${file.name} has ${size}. Make it smaller, and try again.`;
    return;
  }
  zone.classList.add('mlc-busy');
  try { const { path } = await upload(file); trigger('upload', { path, name: file.name }); }
  catch (e) {
    note.textContent = `${file.name} did not arrive. Is the program that serves this page running?`;
  }
  finally { zone.classList.remove('mlc-busy'); }
};
input.addEventListener('change', async () => {
  const file = input.files[0];
  await send(file);
  input.value = '';
});
zone.addEventListener('dragover', e => { e.preventDefault(); zone.classList.add('mlc-over'); });
zone.addEventListener('dragleave', () => zone.classList.remove('mlc-over'));
zone.addEventListener('drop', e => {
  e.preventDefault();
  zone.classList.remove('mlc-over');
  send(e.dataTransfer.files[0]);
});
document.addEventListener('paste', e => {
  if (e.clipboardData && e.clipboardData.files.length) send(e.clipboardData.files[0]);
});
""".replace("LIMIT", str(MAX_BYTES))

PICK_JS = """
element.addEventListener('click', e => {
  const button = e.target.closest('button[data-example]');
  if (!button) return;
  document.querySelector('#mlc-note').textContent = '';
  trigger('click', { example: Number(button.dataset.example) });
});
"""

CSS = """
.mlc { --yes: #0072b2; --no: #8a8f98; --warn: #a33c00; --ink: var(--body-text-color);
  --soft: #57606e; --line: var(--border-color-primary);
  --back: var(--background-fill-primary); }
.dark .mlc { --yes: #56b4e9; --no: #8b919c; --soft: #adb6c4; --warn: #ffb27a; }
.mlc, .mlc p, .mlc ul, .mlc figure, .mlc dl { color: var(--ink); margin: 0; padding: 0;
  font-size: 1rem; line-height: 1.45; overflow-wrap: anywhere; }
.mlc .html-container { padding: 0 !important; }
.mlc h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem; font-weight: 700;
  color: var(--ink); }
.mlc p.mlc-sub { font-weight: 600; margin-bottom: .5rem; }
.mlc p.mlc-hint, .mlc p.mlc-name, .mlc p.mlc-key, .mlc p.mlc-rest, .mlc figcaption,
  .mlc p#mlc-limits, .mlc p.mlc-now { color: var(--soft); font-size: .875rem; }
.mlc p.mlc-hint { border: 1px dashed var(--line); border-radius: 8px; padding: 1.5rem 1rem;
  text-align: center; font-size: 1rem; }
.mlc p.mlc-answer { font-size: 1.4rem; line-height: 1.3; font-weight: 700; }
.mlc p.mlc-none { font-weight: 600; font-size: 1.2rem; }
.mlc p.mlc-refused, .mlc p#mlc-note:not(:empty) { color: var(--warn);
  border-left: 4px solid var(--warn); padding: .25rem 0 .25rem .75rem;
  font-size: 1.05rem; font-weight: 600; }
.mlc p#mlc-note:not(:empty) { margin-top: .75rem; }
.mlc-drop { position: relative; border: 2px dashed var(--no); border-radius: 10px; padding: 1rem;
  text-align: center; }
.mlc-drop.mlc-over, .mlc-drop:hover { border-color: var(--yes); }
.mlc-drop.mlc-busy { opacity: .5; }
.mlc-drop input { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0;
  cursor: pointer; }
.mlc-drop:focus-within, .mlc-example:focus-visible, .mlc summary:focus-visible {
  outline: 3px solid var(--yes); outline-offset: 2px; }
.mlc-drop label b { display: inline-block; background: var(--yes); color: #fff;
  border-radius: 6px; padding: .45rem .9rem; margin-right: .25rem; }
.dark .mlc-drop label b { color: #06202f; }
.mlc p#mlc-limits { margin-top: .6rem; }
.mlc-examples { display: grid; grid-template-columns: repeat(5, 1fr); gap: 8px; }
.mlc-example { padding: 0; border: 1px solid var(--line); border-radius: 6px; overflow: hidden;
  cursor: pointer; aspect-ratio: 1; background: none; }
.mlc-example img { width: 100%; height: 100%; object-fit: cover; margin: 0; display: block; }
.mlc-example:hover { border-color: var(--yes); box-shadow: 0 0 0 1px var(--yes); }
.mlc-pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; }
.mlc-pair img { width: 100%; max-height: 340px; object-fit: contain; object-position: left top;
  margin: 0 0 .3rem; border-radius: 6px; display: block; }
.mlc-scale { display: flex; gap: .4rem; align-items: center; margin-top: .2rem; }
.mlc-scale i { flex: 1; height: 10px; border-radius: 3px; background: linear-gradient(90deg,
  VIRIDIS); forced-color-adjust: none; }
.mlc ul.mlc-bars { list-style: none; }
.mlc-row { list-style: none; margin: 0 0 2px; padding: 0; }
.mlc-meter { display: grid; grid-template-columns: minmax(4.5rem, 8.5rem) 1fr 2.6rem 3.6rem;
  gap: .6rem; align-items: center; min-height: 28px; padding: 2px 0; }
.mlc-label { overflow-wrap: anywhere; line-height: 1.15; }
.mlc-row.mlc-yes .mlc-label, .mlc-row.mlc-yes .mlc-score, .mlc-verdict { font-weight: 700; }
.mlc-row:not(.mlc-yes) .mlc-label, .mlc-row:not(.mlc-yes) .mlc-score { color: var(--soft); }
.mlc-score { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.mlc-verdict { color: var(--yes); white-space: nowrap; }
.mlc-track { position: relative; height: 14px; background: var(--background-fill-secondary);
  box-shadow: inset 0 0 0 1px var(--line);
  border-radius: 3px; forced-color-adjust: none; }
.mlc-bar { display: block; height: 100%; min-width: 1px; border-radius: 3px;
  background: repeating-linear-gradient(45deg, var(--no) 0 3px, transparent 3px 6px);
    box-shadow: inset 0 0 0 1px var(--no); }
.mlc-yes > .mlc-bar, .mlc-yes .mlc-track .mlc-bar, .mlc-bar.mlc-yes { background: var(--yes);
  box-shadow: none; }
.mlc-tick { position: absolute; top: -4px; bottom: -4px; width: 3px; margin-left: -1.5px;
  background: var(--ink); box-shadow: 0 0 0 1px var(--back);
  border-radius: 1px; }
.mlc p.mlc-rest { margin-top: .4rem; }
.mlc p.mlc-key { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin-top: .6rem; }
.mlc-key span { display: inline-flex; align-items: center; gap: .4rem; }
.mlc-key .mlc-bar { width: 26px; height: 12px; }
.mlc-key .mlc-tick { position: static; display: block; height: 18px; margin: 0 2px; }
.mlc details.mlc-model { margin-top: .75rem; border: 1px solid var(--line); border-radius: 8px;
  padding: .6rem .9rem; }
.mlc summary { cursor: pointer; font-weight: 600; }
.mlc dl { display: grid; grid-template-columns: minmax(6rem, 11rem) 1fr; gap: .3rem .9rem;
  margin-top: .6rem; font-size: .875rem; }
.mlc dt { color: var(--soft); } .mlc dd { margin: 0; }
#halves { gap: 1.25rem 2.25rem; }
.gradio-container input:focus-visible, .gradio-container button:focus-visible {
  outline: 3px solid #3f8fd0 !important; outline-offset: 2px; }
@media (max-width: 480px) {
  .gradio-container .main { padding: 12px !important; }
  .mlc-meter { grid-template-columns: minmax(3.5rem, 5.6rem) 1fr 2.6rem 3.4rem; gap: .35rem; }
  .mlc h1 { font-size: 1.45rem; }
  .mlc p.mlc-answer { font-size: 1.2rem; }
}
""".replace("VIRIDIS", ", ".join("rgb({:.0f} {:.0f} {:.0f})".format(*c) for c in COLOURS))
