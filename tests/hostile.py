"""Texts that attack whatever shows them: the terminal, HTML, Markdown, GitHub's runner, XML, SARIF, templates.

Each may stand wherever a person may write: in a name, a subject, a message, a key of the API's answer. What would
run says `pwned`, so that a test can look for it; what would be fetched names the host `evil.example`, which does
not exist. The characters that can't be seen are written as escapes: this file has to stay readable.
"""

from __future__ import annotations

import json
from typing import Final

_ESC: Final = "\x1b"
_RLO, _LRI, _RLI, _PDI, _PDF = "\u202e", "\u2066", "\u2067", "\u2069", "\u202c"

TERMINAL: Final = [
    ("colour", f"{_ESC}[31mred{_ESC}[0m"),
    ("clear-screen", f"before{_ESC}[2J{_ESC}[Hafter"),
    ("cursor-up", f"No errors{_ESC}[1A{_ESC}[2KAll good"),
    ("title", f"{_ESC}]0;pwned\x07"),
    ("hyperlink", f"{_ESC}]8;;https://evil.example/pwned{_ESC}\\click{_ESC}]8;;{_ESC}\\"),
    ("clipboard", f"{_ESC}]52;c;cHduZWQ=\x07"),
    ("alternate-screen", f"{_ESC}[?1049hpwned"),
    ("device-report", f"{_ESC}[6n{_ESC}[c{_ESC}P$q\x22p{_ESC}\\"),
    ("c1-control", "before\x9b31mred\x9d0;pwned\x9c"),
    ("bell-and-backspace", "safe\x07\x08\x08\x08\x08evil"),
    ("carriage-return", "errors: 7\rerrors: 0"),
    ("line-feeds", "one\r\ntwo\n\n\nthree\x0bfour\x0cfive"),
    ("delete", "a\x7fb"),
    ("shift-out", "\x0eqqqq\x0f"),
    ("tabs", "a\t\t\t\tb\t"),
]
NULLS: Final = [
    ("null", "before\x00after"),
    ("null-alone", "\x00"),
    ("null-in-tag", "<scr\x00ipt>pwned=1</scr\x00ipt>"),
    ("nulls-many", "\x00" * 64 + "end"),
    ("all-of-c0", "".join(map(chr, range(32)))),
    ("all-of-c1", "".join(map(chr, range(0x7F, 0xA0)))),
]
BIDI: Final = [
    ("override", f"Send to {_RLO}gpj.exe{_PDF} now"),
    ("override-unclosed", f"abc{_RLO}def"),
    ("isolates", f"{_LRI}a{_RLI}b{_PDI}c"),
    ("isolates-surplus", f"{_PDI}{_PDI}{_PDF}text"),
    ("embeddings", "\u202aa\u202bb\u202dc" * 40),
    ("marks", "a\u200eb\u200fc\u061cd"),
    ("trojan-source", f"{_RLO} {_LRI}// not a comment{_PDI} {_LRI}pwned"),
    ("arabic", "\u0645\u0631\u062d\u0628\u0627 {{firstname}} \u0634\u0643\u0631\u0627"),
    ("hebrew-and-numbers", "\u05e9\u05dc\u05d5\u05dd 123 abc (456)"),
]
INVISIBLE: Final = [
    ("zero-width", "pass\u200bword\u200c\u200d\u2060\ufeff"),
    ("soft-hyphen", "in\u00advis\u00adible"),
    ("fillers", "\u3164\u115f\u1160\u2800\uffa0\u034f"),
    ("tag-letters", "hello" + "".join(chr(0xE0000 + ord(c)) for c in "ignore the above")),
    ("variation-selectors", "\U0001f44b" + "".join(chr(0xE0100 + ord(c)) for c in "pwned")),
    ("invisible-operators", "a\u2061b\u2062c\u2063d\u2064e"),
    ("separators", "one\u2028two\u2029three"),
    ("spaces", "\u00a0\u2000\u2003\u202f\u205f\u3000"),
    ("blank", "   \n \t\n   "),
    ("private-use", "\ue000\U000f0000\U0010fffd"),
    ("unassigned", "\u0378\U0001fbff\U000e1000"),
    ("non-characters", "\ufdd0\ufffe\uffff\U0001ffff"),
    ("replacement", "caf\ufffd"),
    ("interlinear", "\ufff9a\ufffab\ufffb"),
    ("homoglyphs", "\u0440\u0430\u0443\u0440\u0430l \u217c\u0131\u217fked\u0131n"),
    ("stacked-marks", "z" + "\u0337\u0321\u035c\u0336" * 60 + "algo"),
    (
        "emoji-joined",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44b\U0001f3fd 1\ufe0f\u20e3",
    ),
    ("joiners-loose", "\u200d\U0001f44b\u200d\u200d"),
]
HTML: Final = [
    ("script", "<script>window.pwned=1</script>"),
    ("script-upper", "<SCRIPT SRC=//evil.example/pwned.js></SCRIPT>"),
    ("script-close", "</script><script>window.pwned=1</script>"),
    ("script-comment", "<!--<script>"),
    ("json-in-script", '"}];window.pwned=1;//</script>'),
    ("img-onerror", "<img src=x onerror=window.pwned=1>"),
    ("svg-onload", "<svg/onload=window.pwned=1>"),
    ("svg-animate", "<svg><animate onbegin=window.pwned=1 attributeName=x dur=1s>"),
    ("iframe", '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>'),
    ("object", "<object data=https://evil.example/pwned></object><embed src=https://evil.example/pwned>"),
    ("style", "<style>*{background:url(https://evil.example/pwned)}</style>"),
    ("style-close", "</style><script>window.pwned=1</script>"),
    ("link", "<link rel=stylesheet href=https://evil.example/pwned.css>"),
    ("meta-refresh", '<meta http-equiv="refresh" content="0;url=https://evil.example/pwned">'),
    ("base", "<base href=https://evil.example/>"),
    ("form", "<form action=https://evil.example/pwned><input name=q autofocus onfocus=window.pwned=1>"),
    ("attribute-double", '" onmouseover="window.pwned=1" x="'),
    ("attribute-single", "' autofocus onfocus='window.pwned=1' x='"),
    ("attribute-bare", "x onclick=window.pwned=1 style=position:fixed;inset:0"),
    ("backtick-attribute", "`` onerror=window.pwned=1"),
    ("tag-close", '"><img src=https://evil.example/pwned.png>'),
    ("textarea-title", "</textarea></title></details></main></body></html><b>out</b>"),
    ("comment", "--><script>window.pwned=1</script><!--"),
    ("comment-bang", "<!--> <img src=x onerror=window.pwned=1> -->"),
    ("cdata", "<![CDATA[<script>window.pwned=1</script>]]>"),
    ("entities", "&lt;script&gt;window.pwned=1&lt;/script&gt; &amp;amp; &#60;b&#62; &nbsp;&copy"),
    ("entity-newline", "&#10;&#x0;&#xD;::error::pwned"),
    ("noscript-mutation", '<noscript><p title="</noscript><img src=x onerror=window.pwned=1>">'),
    ("mathml-mutation", "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>"),
    ("template", "<template><script>window.pwned=1</script></template>"),
    ("unclosed", "<a href='"),
    ("id-clobbering", "<a id=filter name=samples><form id=document name=body>"),
    ("css-injection", "red;}body{display:none}/*"),
]
URLS: Final = [
    ("javascript", "javascript:window.pwned=1"),
    ("javascript-mixed", "JaVaScRiPt\t:\nwindow.pwned=1"),
    ("javascript-control", "\x01javascript:window.pwned=1"),
    ("javascript-link", '<a href="javascript:window.pwned=1">click</a>'),
    ("javascript-markdown", "[click](javascript:window.pwned=1)"),
    ("data", "data:text/html,<script>window.pwned=1</script>"),
    ("vbscript", "vbscript:msgbox(1)"),
    ("bare-url", "See https://evil.example/pwned?a=1&b=2#c and www.evil.example or mail pwned@evil.example"),
    ("userinfo", "https://app.kalent.ai@evil.example/"),
    ("file-path", "../../../../etc/passwd"),
    ("hash", "#sourcing/../x?y=<z>"),
]
MARKDOWN: Final = [
    ("fence", "```\n</details>\n# Out of the fence\n```"),
    ("fence-longer", "``````````\nout\n``````````"),
    ("fence-tilde", "~~~\nout\n~~~"),
    ("fence-info", '```mermaid\ngraph TD; A-->B; click A href "javascript:window.pwned=1"\n```'),
    ("backticks", "a ` b `` c ``` d"),
    ("backtick-edges", "`code`"),
    ("link", '[text](https://evil.example/pwned "title")'),
    ("image", "![pixel](https://evil.example/pwned.png)"),
    ("reference", "[a]: https://evil.example/pwned\n\n[a] ![a]"),
    ("autolink", "<https://evil.example/pwned> <pwned@evil.example>"),
    ("heading", "# Heading\n\nSetext\n===\n\n---"),
    ("list", "- [x] done\n1. one\n* * *"),
    ("table", "| a | b |\n|---|---|\n| c | d || e \\| f"),
    ("emphasis", "**bold** _it_ ~~gone~~ *a_b*c_"),
    ("quote", "> quoted\n>> deeper\n> [!CAUTION]\n> pwned"),
    ("backslash", "ends with a backslash\\"),
    ("hard-break", "two spaces  \nand a backslash\\\nnext"),
    ("details", "</details></summary><details open><summary>pwned</summary>"),
    ("marker", "<!-- kalentops:comment -->\n<!-- kalentops -->"),
    ("math", "$\\href{javascript:window.pwned=1}{x}$ $$\\unicode{x}$$ $`x`$"),
    ("footnote", "pwned[^1]\n\n[^1]: note"),
    ("front-matter", "---\ntitle: pwned\n---"),
    ("indented-code", "    code\n\n\tcode"),
    ("html-block", "\n\n<div>\n\n**bold**\n\n</div>\n"),
    ("emoji-code", ":rocket: :tada:"),
    ("colour-chip", "`#ff0000` `rgb(255,0,0)`"),
]
GITHUB: Final = [
    ("mention", "@someone please look"),
    ("mention-team", "cc @example/everyone, (@all)"),
    ("issue", "Fixes #1, GH-2, example/example#3, closes https://github.com/example/example/issues/4"),
    ("commit", "0123456789abcdef0123456789abcdef01234567 example/example@0123456789abcdef"),
    ("command-error", "::error file=x,line=1::pwned"),
    ("command-spaces", "   ::warning::pwned"),
    ("command-after-line", "harmless\n::notice title=pwned::x"),
    ("command-carriage", "harmless\r::error::pwned"),
    ("command-separator", "harmless\u2028::error::pwned\x85::error::pwned"),
    ("command-mask", "::add-mask::e"),
    ("command-stop", "::stop-commands::pwned"),
    (
        "command-output",
        "::set-output name=changed::false\n::save-state name=x::y\n::set-env name=PATH::/pwned",
    ),
    ("command-old", "text ##[error]pwned ##[add-mask]e ##[set-env name=PATH;]x"),
    ("command-group", "::endgroup::\n##[endgroup]\n::group::pwned"),
    ("command-properties", "x,line=9%2Ccol=1::y:%0A::error::pwned%0D%25"),
    ("percent", "100%0A::error::pwned %25 %"),
    ("output-delimiter", "EOF\nchanged=false\nghadelimiter_0\nEOF"),
    ("expression", "${{ secrets.GITHUB_TOKEN }} ${{ github.token }}"),
    ("matcher", "::add-matcher::/pwned.json\n::remove-matcher owner=x::"),
    ("path-like", "--help\n-rf\n/etc/passwd"),
]
TEMPLATES: Final = [
    ("jinja-statement", "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}"),
    ("jinja-include", "{% include '/etc/passwd' %}{% raw %}"),
    ("jinja-endraw", "{% endraw %}{{ 7*7 }}{% endblock %}"),
    ("jinja-expression", "{{ 7*7 }}{{ ''.__class__.__mro__ }}{{ config }}"),
    ("jinja-safe", "{{ '<script>window.pwned=1</script>'|safe }}"),
    ("jinja-comment", "{# {{ firstname }} #}"),
    ("jinja-line", "# for x in y\n## comment"),
    ("variable-nested", "{{{{firstname}}}} {{firstname{{lastname}}}} {{{firstname}}}"),
    ("variable-unclosed", "Hi {{firstname and {{lastname} or }}{{"),
    ("variable-html", "{{<b>firstname</b>}} {{__proto__}} {{constructor}}"),
    ("other-templates", "${7*7} #{7*7} <%= 7*7 %> [[7*7]] @{7*7} %(x)s {0} {x.__class__} $x"),
    ("shell", "$(touch pwned) `touch pwned`; touch pwned && touch pwned | touch pwned"),
    ("rich-markup", "[/path] [bold red]x[/] [link=https://evil.example/pwned]y[/link] [@click=pwned]z[/]"),
]
DATA: Final = [
    ("xml-cdata-end", "]]>pwned<![CDATA["),
    ("xml-doctype", '<!DOCTYPE x [<!ENTITY a "pwned"><!ENTITY b SYSTEM "file:///etc/passwd">]><x>&a;&b;</x>'),
    ("xml-instruction", '<?xml version="1.0"?><?php pwned ?>'),
    ("sarif-link", "[text](0) [other](https://evil.example/pwned) \\[x\\] {0} {1}"),
    ("json-close", '"}]},{"pwned":[{"x":"'),
    ("json-escapes", "\\u003cscript\\u003e \\x3cscript\\x3e \\n \\\\ \\"),
    ("yaml", "!!python/object/apply:os.system ['touch pwned']\n*alias &anchor\n--- \n..."),
    ("formula", '=HYPERLINK("https://evil.example/pwned","x")'),
    ("format", "%s%n%x {} {0.__class__} %(pwned)s"),
    ("prototype", "__proto__"),
    ("quotes", "\"'`\u201c\u2018\u00ab\u00bb"),
]
LONG: Final = [
    ("word", "A" * 5_000),
    ("url", "https://evil.example/" + "pwned/" * 800),
    ("lines", "line\n" * 1_500),
    ("emoji", "\U0001f600" * 1_500),
    ("brackets", "[" * 2_000),
    ("tags", "<b>" * 1_500),
    ("quotes", "> " * 1_000 + "x"),
    ("stars", "*" * 3_000),
    ("braces", "{{" * 1_500),
    ("wide", "\u6f22\u5b57" * 1_500),
]

CLASSES: Final = {
    "terminal": TERMINAL,
    "null": NULLS,
    "bidi": BIDI,
    "invisible": INVISIBLE,
    "html": HTML,
    "url": URLS,
    "markdown": MARKDOWN,
    "github": GITHUB,
    "template": TEMPLATES,
    "data": DATA,
    "long": LONG,
}
HOSTILE: Final = [(f"{kind}-{name}", text) for kind, texts in CLASSES.items() for name, text in texts]
"""(name, text). No lone surrogates: no UTF-8 file can hold one."""


def quoted(text: str) -> str:
    """`text` as a YAML scalar in double quotes that is read as exactly `text`, whatever is in it."""
    ascii_only = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")
    return "".join(c if " " <= c <= "~" else f"\\U{ord(c):08x}" for c in ascii_only)
