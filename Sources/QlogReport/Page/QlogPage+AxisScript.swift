extension QlogPage {
    /// The part of time that all plots show, its overview, and how the keyboard moves it.
    static let axisScript = #"""
        // ---- The time axis ----
        const whole = {
          from: Math.min(...traces.map((t) => t.start)),
          to: Math.max(...traces.map((t) => t.end), Math.min(...traces.map((t) => t.start)) + 10),
        };
        const view = { from: whole.from, to: whole.to };
        const redraws = [];
        let isDue = false;

        function draw() {
          if (isDue) return;
          isDue = true;
          requestAnimationFrame(() => { isDue = false; for (const redraw of redraws) redraw(); });
        }

        function show(from, to) {
          const span = Math.min(Math.max(to - from, 10), whole.to - whole.from);
          view.from = Math.min(Math.max(from, whole.from), whole.to - span);
          view.to = view.from + span;
          draw();
        }
        function zoom(factor, at = (view.from + view.to) / 2) {
          show(at - (at - view.from) * factor, at + (view.to - at) * factor);
        }
        function pan(share) { const step = (view.to - view.from) * share; show(view.from + step, view.to + step); }
        const reset = () => show(whole.from, whole.to);

        function moveByKey(event) {
          if (event.ctrlKey || event.metaKey || event.altKey) return;
          const act = {
            ArrowLeft: () => pan(-.2), ArrowRight: () => pan(.2), "+": () => zoom(.5), "=": () => zoom(.5),
            "-": () => zoom(2), 0: reset, Escape: reset, Home: reset,
          }[event.key];
          if (act) { act(); event.preventDefault(); }
        }

        // Round numbers between two values.
        function ticks(low, high, count) {
          const raw = (high - low) / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(raw));
          const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * .999);
          const values = [];
          // Among numbers so large that one more is no other, there would be no end.
          for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9 && values.length < 40; n++)
            values.push(n * step + 0);
          return { values, step };
        }
        function timeUnit(span) { return span >= 2e6 ? [1e6, "s"] : span >= 2e3 ? [1e3, "ms"] : [1, "µs"]; }
        const decimals = (step) => Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));

        // A canvas as sharp as the screen, in the colours of the style sheet.
        function surface(canvas) {
          const { width, height } = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
          const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
          if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
          const pen = canvas.getContext("2d");
          pen.setTransform(ratio, 0, 0, ratio, 0, 0);
          pen.clearRect(0, 0, width, height);
          return { pen, width, height };
        }
        let palette = {};
        function color(name) {
          if (!(name in palette))
            palette[name] = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
          return palette[name];
        }
        function recolor() { palette = {}; overview.profile = null; draw(); }

        // The bytes of each moment, and the window that the plots show.
        const overview = {
          box: document.getElementById("overview"), profile: null,
          setup() {
            const { box } = this;
            const at = (event) => {
              const frame = box.getBoundingClientRect();
              return whole.from + (event.clientX - frame.left) / frame.width * (whole.to - whole.from);
            };
            let grip = null;
            box.addEventListener("pointerdown", (event) => {
              const time = at(event), span = view.to - view.from;
              if (time < view.from || time > view.to) show(time - span / 2, time + span / 2);
              grip = time - view.from;
              box.setPointerCapture(event.pointerId);
            });
            box.addEventListener("pointermove", (event) => {
              if (grip === null) return;
              const from = at(event) - grip;
              show(from, from + view.to - view.from);
            });
            for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, () => { grip = null; });
            box.addEventListener("dblclick", reset);
            box.addEventListener("keydown", moveByKey);
            redraws.push(() => this.draw());
          },
          draw() {
            const span = whole.to - whole.from, share = (time) => (time - whole.from) / span * 100;
            const frame = this.box.querySelector(".window");
            frame.style.left = share(view.from) + "%";
            frame.style.width = share(view.to) - share(view.from) + "%";
            this.box.setAttribute("aria-valuenow", Math.round(share((view.from + view.to) / 2)));
            const words = `${clock(view.from, view.to - view.from)} – ${clock(view.to, view.to - view.from)}`;
            this.box.setAttribute("aria-valuetext", words);
            document.getElementById("range").textContent = words;
            if (this.profile !== trace) this.drawProfile();
          },
          drawProfile() {
            const { pen, width, height } = surface(this.box.querySelector("canvas"));
            const columns = Math.max(1, Math.floor(width / 2)), sums = new Float64Array(columns * 2);
            const { times, sizes, sent, count } = trace.packets, scale = columns / (whole.to - whole.from);
            for (let i = 0; i < count; i++) {
              const column = Math.min(columns - 1, Math.max(0, Math.floor((times[i] - whole.from) * scale)));
              sums[column + (sent[i] ? 0 : columns)] += Math.min(Math.max(sizes[i], 40), 65535);
            }
            const most = sums.reduce((a, b) => Math.max(a, b), 1);
            for (const [side, name] of [[0, "--blue"], [1, "--teal"]]) {
              pen.fillStyle = color(name);
              pen.globalAlpha = .55;
              for (let c = 0; c < columns; c++) {
                const sum = sums[c + side * columns], size = Math.max(1, sum / most * (height - 6));
                if (sum > 0) pen.fillRect(c * 2, height - size, 2, size);
              }
            }
            pen.globalAlpha = 1;
            this.profile = trace;
          },
        };

        """#
}
