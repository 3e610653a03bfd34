extension QlogPage {
    /// How the page looks, by day, by night and on paper. The plots read their colours from here too.
    static let style = #"""
        :root {
          color-scheme: light dark;
          --back: #f6f7f8; --card: #ffffff; --ink: #1b1f24; --soft: #5d6672; --faint: #8b949e; --line: #e3e6ea;
          --grid: #eceef1; --hover: #f0f4fa; --accent: #1f5fd0; --shade: rgba(31, 95, 208, .12);
          --blue: #2f6fde; --teal: #0f8f83; --amber: #c9780a; --red: #d3323a; --violet: #7a4fd0; --grey: #9aa3ad;
          --s0: #2f6fde; --s1: #0f8f83; --s2: #c9780a; --s3: #7a4fd0; --s4: #b8457f; --s5: #4d8a2c; --s6: #2390b8;
          --s7: #8a6d4b;
          --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #0e1116; --card: #161a21; --ink: #e4e7eb; --soft: #a3acb8; --faint: #77818d; --line: #2a303a;
            --grid: #232933; --hover: #1d242e; --accent: #79a8ff; --shade: rgba(121, 168, 255, .18);
            --blue: #6ea3ff; --teal: #43c6b6; --amber: #eaae4a; --red: #ff7b7b; --violet: #b294f5; --grey: #7d8793;
            --s0: #6ea3ff; --s1: #43c6b6; --s2: #eaae4a; --s3: #b294f5; --s4: #ee86b7; --s5: #93cf6b; --s6: #63c7ea;
            --s7: #c9ab86;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 28px 32px 48px; max-width: 1720px; background: var(--back); color: var(--ink);
          font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
          font-variant-numeric: tabular-nums;
        }
        button, select, input { font: inherit; color: inherit; }
        button { cursor: pointer; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        .hidden { display: none !important; }

        header { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: flex-end; margin-bottom: 18px; }
        h1 { margin: 0; font-size: 22px; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere; }
        .close { margin: 2px 0 0; color: var(--soft); overflow-wrap: anywhere; }
        .ends { margin-left: auto; display: flex; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
        .ends button { border: 0; padding: 6px 16px; background: var(--card); color: var(--soft); }
        .ends button + button { border-left: 1px solid var(--line); }
        .ends button[aria-pressed=true] { background: var(--accent); color: var(--card); font-weight: 600; }
        .ends button:focus-visible { outline-offset: -3px; }

        .figures { display: grid; grid-template-columns: repeat(8, 1fr); gap: 1px; margin: 0;
          background: var(--line); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
        .figures div { background: var(--card); padding: 12px 16px 11px; }
        .figures dt { color: var(--soft); font-size: 12px; }
        .figures dd { margin: 2px 0 0; font-size: 21px; font-weight: 600; letter-spacing: -.015em;
          white-space: nowrap; }
        .figures small { display: block; font-size: 12px; font-weight: 400; color: var(--soft);
          letter-spacing: 0; white-space: normal; }
        .notes { margin: 12px 0 0; padding: 8px 14px; border-left: 3px solid var(--amber); background: var(--card);
          border-radius: 0 8px 8px 0; }
        .notes p { margin: 0; }
        details.about { margin: 12px 0 0; }
        summary { cursor: pointer; color: var(--soft); width: max-content; border-radius: 4px; }
        .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 4px 28px;
          margin: 10px 0 0; padding: 14px 18px; background: var(--card); border: 1px solid var(--line);
          border-radius: 12px; }
        .facts div { display: flex; gap: 12px; min-width: 0; padding: 2px 0; }
        .facts dt { color: var(--soft); flex: 0 0 132px; }
        .facts.wide { display: block; columns: 470px; column-gap: 40px; }
        .facts.wide div { break-inside: avoid; }
        .facts.wide dt { flex: 1 1 0; }
        .facts.wide dd { flex: 0 0 130px; text-align: right; }
        .facts.wide div:first-child { color: var(--faint); }
        .facts dd { margin: 0; overflow-wrap: anywhere; }

        .bar { position: sticky; top: 0; z-index: 3; display: flex; gap: 14px; align-items: center;
          margin: 18px -32px 0; padding: 10px 32px; background: var(--back); border-bottom: 1px solid transparent; }
        .bar .steps { display: flex; gap: 4px; }
        .bar button, .filters button { border: 1px solid var(--line); background: var(--card); border-radius: 7px;
          min-width: 32px; height: 32px; padding: 0 9px; color: var(--soft); }
        .bar button:hover, .filters button:hover { color: var(--ink); background: var(--hover); }
        .overview { position: relative; flex: 1; height: 40px; min-width: 120px; border: 1px solid var(--line);
          border-radius: 8px; background: var(--card); overflow: hidden; cursor: grab; touch-action: none; }
        .overview canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
        .overview .window { position: absolute; top: 0; bottom: 0; background: var(--shade);
          border: solid var(--accent); border-width: 0 2px; }
        .range { min-width: 190px; text-align: right; color: var(--soft); white-space: nowrap; }

        .plots { display: grid; gap: 14px; margin-top: 4px; }
        figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
          padding: 12px 14px 6px; }
        figcaption { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; padding: 0 4px 6px; }
        h2 { margin: 0; font-size: 14px; font-weight: 620; }
        figcaption .hint { color: var(--faint); font-size: 12px; }
        .legend { margin-left: auto; display: flex; flex-wrap: wrap; gap: 2px 4px; }
        .legend button { display: inline-flex; gap: 7px; align-items: center; border: 0; background: none;
          padding: 1px 7px; border-radius: 6px; font-size: 12.5px; color: var(--soft); }
        .legend button:hover { background: var(--hover); color: var(--ink); }
        .legend button[aria-pressed=false] { text-decoration: line-through; opacity: .5; }
        .legend i { width: 16px; height: 0; border-top: 2.5px solid; border-radius: 2px; }
        .legend i.dash { border-top: 2.5px dotted; }
        .legend i.dot { width: 8px; height: 8px; border: 0; border-radius: 50%; background: currentColor; }
        .legend span { color: var(--faint); padding: 1px 7px; font-size: 12.5px; }
        .stage { position: relative; height: 210px; cursor: crosshair; touch-action: pan-y; border-radius: 6px; }
        .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
        .cross, .pick { position: absolute; top: 8px; bottom: 24px; pointer-events: none; }
        .cross { width: 0; border-left: 1px dashed var(--faint); }
        .pick { background: var(--shade); border: solid var(--accent); border-width: 0 1px; }
        .tip { position: fixed; z-index: 5; pointer-events: none; width: max-content; max-width: 420px; padding: 8px 11px;
          background: var(--card); border: 1px solid var(--line); border-radius: 8px; font-size: 12.5px;
          box-shadow: 0 6px 22px rgba(0, 0, 0, .16); }
        .tip b { display: block; font-weight: 620; margin-bottom: 2px; }
        .tip div { display: flex; gap: 8px; align-items: baseline; }
        .tip i { flex: none; width: 9px; height: 9px; border-radius: 50%; background: currentColor; }
        .tip span { color: var(--soft); margin-right: auto; padding-right: 14px; }

        .packets { margin-top: 14px; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
          overflow: hidden; }
        .filters { display: flex; flex-wrap: wrap; gap: 8px 10px; align-items: center; padding: 12px 16px; }
        .filters h2 { margin-right: 6px; }
        .filters .count { color: var(--soft); margin-left: auto; }
        .filters select, .filters input[type=search] { height: 32px; padding: 0 8px; border: 1px solid var(--line);
          border-radius: 7px; background: var(--card); max-width: 170px; }
        .filters input[type=search] { width: 190px; max-width: none; }
        .filters label { display: inline-flex; gap: 6px; align-items: center; color: var(--soft); }
        .filters input[type=checkbox] { accent-color: var(--accent); margin: 0; }
        .row { display: grid; grid-template-columns: 76px 114px 92px 96px 84px 76px 118px minmax(0, 1fr);
          gap: 0 20px; align-items: center; height: 26px; padding: 0 16px; white-space: nowrap; }
        .row > * { overflow: hidden; text-overflow: ellipsis; }
        .row .n { text-align: right; }
        .head { height: 32px; border: solid var(--line); border-width: 1px 0; background: var(--back);
          padding-right: 28px; }
        .head button { border: 0; background: none; padding: 0; font-size: 12px; font-weight: 600; color: var(--soft);
          text-align: inherit; }
        .head .n button { width: 100%; text-align: right; }
        .head button:hover { color: var(--ink); }
        .scroll { height: 546px; scrollbar-gutter: stable; overflow-y: scroll; position: relative; }
        .scroll:focus-visible { outline-offset: -3px; }
        .space { position: relative; }
        .body { position: absolute; left: 0; right: 0; font-size: 13px; }
        .body .row { cursor: default; }
        .body .row:hover { background: var(--hover); }
        .body .row.active { background: var(--shade); }
        .body .row.lost { color: var(--red); }
        .body .what { color: var(--soft); }
        .body .row.lost .what { color: inherit; }
        .sent { color: var(--blue); } .received { color: var(--teal); }
        .detail { overflow: auto; padding: 6px 16px 8px 110px; background: var(--back);
          border: solid var(--line); border-width: 1px 0; font: 12.5px/20px var(--mono); }
        .detail p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
        .detail p:first-child { color: var(--soft); }
        .empty { padding: 28px 16px; color: var(--soft); }
        footer { margin-top: 14px; color: var(--faint); font-size: 12px; }
        kbd { font: 11px var(--mono); border: 1px solid var(--line); border-radius: 4px; padding: 0 4px;
          background: var(--card); }

        @media (max-width: 1380px) { .figures { grid-template-columns: repeat(4, 1fr); } }
        @media (max-width: 640px) { .figures { grid-template-columns: repeat(2, 1fr); } }
        @media (max-width: 1180px) {
          body { padding: 20px 20px 40px; }
          .bar { margin: 14px -20px 0; padding: 10px 20px; }
          .row { grid-template-columns: 58px 98px 84px 80px 72px 62px 106px minmax(0, 1fr); gap: 0 14px; }
        }
        @media (min-width: 1500px) { .stage { height: 230px; } }
        @media print {
          body { padding: 0; background: none; max-width: none; font-size: 11px; }
          .bar, .filters > :not(h2), .tip, .cross, footer,  figcaption .hint { display: none !important; }
          figure, .figures, .packets { break-inside: avoid; }
          .row { grid-template-columns: 44px 82px 66px 60px 58px 50px 84px minmax(0, 1fr); gap: 0 10px; }
          .body { font-size: 11px; }
          .scroll { height: 420px; overflow: hidden; }
          .space { height: 100% !important; overflow: hidden; }
          .body { top: 0 !important; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }

        """#

    /// What is there before the script fills it.
    static let body = #"""
        <header>
          <div><h1 id="title"></h1><p class="close" id="close"></p></div>
          <div class="ends" id="ends" role="group" aria-label="Which end's trace"></div>
        </header>
        <dl class="figures" id="figures"></dl>
        <div class="notes hidden" id="notes"></div>
        <details class="about"><summary>Connection and transport parameters</summary>
          <dl class="facts" id="facts"></dl>
          <dl class="facts wide" id="parameters"></dl>
        </details>
        <nav class="bar" aria-label="Time axis">
          <div class="overview" id="overview" tabindex="0" role="slider" aria-valuemin="0" aria-valuemax="100"
            aria-label="Part of the time axis that is shown"><canvas></canvas><div class="window"></div></div>
          <div class="range" id="range" aria-live="polite"></div>
          <div class="steps">
            <button id="earlier" title="Earlier (Left)" aria-label="Earlier">←</button>
            <button id="later" title="Later (Right)" aria-label="Later">→</button>
            <button id="closer" title="Closer (+)" aria-label="Zoom in">+</button>
            <button id="farther" title="Farther (-)" aria-label="Zoom out">−</button>
            <button id="whole" title="All of it (0, or a double click)">Reset</button>
          </div>
        </nav>
        <main>
          <div class="plots" id="plots"></div>
          <section class="packets" aria-label="Packets">
            <div class="filters" id="filters"><h2>Packets</h2>
              <select id="direction" aria-label="Direction"><option value="">both directions</option>
                <option value="1">sent</option><option value="0">received</option></select>
              <select id="type" aria-label="Packet type"></select>
              <select id="frame" aria-label="Frame"></select>
              <select id="stream" aria-label="Stream"></select>
              <input id="words" type="search" placeholder="number, frame, text" aria-label="Text to look for">
              <label><input id="lost" type="checkbox">lost only</label>
              <label><input id="shown" type="checkbox">only the time shown above</label>
              <button id="clear">Clear</button>
              <span class="count" id="count" aria-live="polite"></span>
            </div>
            <div role="grid" aria-label="Packets" id="grid">
              <div class="row head" role="row" id="head"></div>
              <div class="scroll" id="scroll" tabindex="0"><div class="space" id="space">
                <div class="body" id="body"></div></div></div>
            </div>
          </section>
        </main>
        <footer>Drag over a plot to zoom in, double click for all of it. <kbd>←</kbd> <kbd>→</kbd> <kbd>+</kbd>
          <kbd>−</kbd> <kbd>0</kbd> move a plot that has the focus; <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd> walk
          through the packets. A click on a packet in its plot shows it in the table.</footer>
        <div class="tip hidden" id="tip" role="status"></div>
        """#
}
