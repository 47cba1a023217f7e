"How the page of `mlc run` looks."

STYLE = """
:root{color-scheme:light;--ink:#1c2430;--soft:#5b6675;--line:#dde2e8;--fill:#f6f8fa;
--link:#0b5cad}
*{box-sizing:border-box}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.6 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--link)} a:hover{text-decoration-thickness:2px}
nav{position:fixed;inset:0 auto 0 0;width:17rem;overflow:auto;padding:1.2rem 1rem;
border-right:1px solid var(--line);background:var(--fill);font-size:.88rem;line-height:1.45}
nav a{text-decoration:none} nav a:hover{text-decoration:underline}
nav ol,nav ul{margin:.3rem 0;padding-left:1.1rem}
nav>ol{list-style:none;padding-left:0}
nav li{margin:.2rem 0}
nav [aria-current]{font-weight:650;color:var(--ink)}
main{margin-left:17rem;padding:1.5rem 2.5rem 5rem;max-width:66rem}
h1{line-height:1.2;margin:.4rem 0 1rem}
h2{margin-top:2.4rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}
h1,h2,h3{scroll-margin-top:1rem}
.anchor-link{margin-left:.3em;text-decoration:none;opacity:0}
:is(h1,h2,h3,h4):hover .anchor-link,.anchor-link:focus{opacity:.6}
blockquote{margin:1rem 0;padding:.2rem 1rem;border-left:4px solid #5f9ed1;color:var(--soft);
background:var(--fill)}
pre,code{font:.86rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
:not(pre)>code{background:var(--fill);padding:.1em .3em;border-radius:3px;
overflow-wrap:anywhere}
.highlight pre,pre{margin:0;overflow-x:auto}
.text_cell_render>pre,.text_cell_render .highlight,.input_area{background:var(--fill);
border:1px solid var(--line);border-radius:6px;padding:.6rem .9rem}
.text_cell_render>pre,.text_cell_render .highlight{margin:1rem 0} .highlight{background:none}
.code_cell{margin:.7rem 0} .prompt{display:none}
.output_subarea{padding:.4rem .9rem;margin:.3rem 0;overflow-x:auto;max-height:48rem;
overflow-y:auto}
.output_subarea pre{white-space:pre}
.output_png img{display:block}
.output_stderr{background:#fff4e5;border-left:4px solid #c85200}
.output_error{background:#fdecea;border-left:4px solid #b3261e}
img,svg{max-width:100%;height:auto}
img.math{height:auto;max-width:none}
p.math{text-align:center;overflow-x:auto;margin:1.1rem 0}
p.math img{display:block;margin:.35rem auto}
table{border-collapse:collapse;margin:.8rem 0;font-size:.92rem;display:block;overflow-x:auto;
max-width:100%}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top}
.dataframe td,.dataframe th,td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}
details{border:1px solid var(--line);border-radius:6px;padding:.4rem .9rem;margin:.6rem 0}
summary{cursor:pointer}
.ok{color:#1a7f37}
.bad{color:#b3261e;font-weight:650}
.soft{color:var(--soft)}
.pager{display:flex;justify-content:space-between;margin-top:3rem;
border-top:1px solid var(--line);padding-top:1rem}
.alert{background:#fdecea;border-left:4px solid #b3261e;padding:.6rem 1rem;margin:1rem 0}
@media(max-width:60rem){nav{position:static;width:auto;border:0;
border-bottom:1px solid var(--line);max-height:14rem}
main{margin:0;padding:1rem}}
@media print{nav,.pager{display:none}
main{margin:0;max-width:none}.output_subarea{max-height:none}}
"""
