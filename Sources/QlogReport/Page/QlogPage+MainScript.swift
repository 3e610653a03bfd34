extension QlogPage {
    /// Fills the page and starts it.
    static let mainScript = #"""
        // ---- The page ----
        function head() {
          byId("title").textContent = report.title;
          const names = traces.map(({ vantage }, n) =>
            vantage ? vantage[0].toUpperCase() + vantage.slice(1) : `Trace ${n + 1}`);
          if (traces.length > 1)
            byId("ends").replaceChildren(...traces.map((one, n) => {
              const same = names.filter((name) => name === names[n]).length > 1;
              return element("button", { "aria-pressed": one === trace, onclick: () => choose(one) },
                names[n] + (same ? ` ${n + 1}` : ""));
            }));
          else byId("ends").classList.add("hidden");
        }

        function choose(one) {
          trace = one;
          [...byId("ends").children].forEach((button, n) => button.setAttribute("aria-pressed", traces[n] === one));
          const end = trace.facts.find(([name]) => name === "End");
          byId("close").textContent = [trace.vantage && `Seen by the ${trace.vantage}`, end && end[1]]
            .filter(Boolean).join(" · ");
          byId("figures").replaceChildren(...trace.figures.map(([name, value, remark]) => element("div", {},
            element("dt", {}, name), element("dd", {}, value, element("small", {}, remark)))));
          byId("notes").classList.toggle("hidden", trace.notes.length === 0);
          byId("notes").replaceChildren(...trace.notes.map((note) => element("p", {}, note)));
          const row = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
          byId("facts").replaceChildren(...trace.facts.map(([name, value]) => row(name, value)));
          byId("parameters").classList.toggle("hidden", trace.parameters.length === 0);
          byId("parameters").replaceChildren(...parameterRows());
          for (const plot of plots) plot.load();
          table.load();
          draw();
        }

        // What each end said of itself, side by side.
        function parameterRows() {
          const rows = new Map();
          for (const [owner, name, value] of trace.parameters) {
            const words = name.replace(/_/g, " ");
            if (!rows.has(words)) rows.set(words, ["–", "–"]);
            rows.get(words)[owner === "remote" ? 1 : 0] = value;
          }
          return [["", ["this end", "other end"]], ...rows].map(([name, [ours, theirs]]) =>
            element("div", {}, element("dt", {}, name), element("dd", {}, ours), element("dd", {}, theirs)));
        }

        overview.setup();
        table.setup();
        for (const [id, act] of Object.entries({
          earlier: () => pan(-.5), later: () => pan(.5), closer: () => zoom(.5), farther: () => zoom(2), whole: reset,
        })) byId(id).addEventListener("click", act);
        new ResizeObserver(() => { overview.profile = null; pointAway(); draw(); table.draw(); }).observe(document.body);
        for (const question of ["(prefers-color-scheme: dark)", "print"])
          matchMedia(question).addEventListener("change", recolor);
        head();
        choose(trace);
        // For whoever measures: the page stands when its first picture does.
        requestAnimationFrame(() => requestAnimationFrame(() => {
          document.documentElement.dataset.ready = Math.round(performance.now());
        }));
        """#
}
