extension QlogPage {
    /// One plot: its frame, its lines and dots, its legend, and the pointer over it.
    static let plotScript = #"""
        // ---- A plot ----
        const inset = { left: 66, right: 14, top: 8, bottom: 24 };
        const plots = [];
        const tip = document.getElementById("tip");

        function element(name, attributes = {}, ...children) {
          const node = document.createElement(name);
          for (const [key, value] of Object.entries(attributes)) {
            if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
            else if (key === "style") node.style.cssText = value;
            else node.setAttribute(key, value);
          }
          node.append(...children);
          return node;
        }

        // `layers()` gives what the current trace has: {name, color, shape: "step" | "line" | "dot" | "tick" | "rule",
        // times, values, dash, text(value), fromZero}. Those switched off are kept by name.
        class Plot {
          constructor({ title, hint, unit, layers, fromZero, legend, describe, click }) {
            Object.assign(this, { title, unit, makeLayers: layers, fromZero, legend, describe, click });
            this.off = new Set();
            this.canvas = element("canvas");
            this.cross = element("div", { class: "cross hidden" });
            this.pick = element("div", { class: "pick hidden" });
            this.stage = element("div", { class: "stage", tabindex: 0, role: "img" },
              this.canvas, this.pick, this.cross);
            this.keys = element("div", { class: "legend" });
            this.figure = element("figure", {},
              element("figcaption", {}, element("h2", {}, title), element("span", { class: "hint" }, hint), this.keys),
              this.stage);
            document.getElementById("plots").append(this.figure);
            this.listen();
            plots.push(this);
            redraws.push(() => this.draw());
          }

          load() {
            this.layers = this.makeLayers();
            const rows = this.layers.filter((layer) => layer.name && !layer.isQuiet);
            this.keys.replaceChildren(...rows.map((layer) => this.key(layer)),
              ...(this.legend?.() ? [element("span", {}, this.legend())] : []));
            const names = rows.map((layer) => layer.name).join(", ");
            this.stage.setAttribute("aria-label", `${this.title}: ${names || "nothing in this trace"}`);
          }
          key(layer) {
            const shape = layer.shape === "dot" || layer.shape === "tick" ? "dot" : layer.dash ? "dash" : "";
            const button = element("button", { "aria-pressed": !this.off.has(layer.name) },
              element("i", { class: shape, style: `color: var(${layer.color})` }), layer.name);
            button.addEventListener("click", () => {
              if (!this.off.delete(layer.name)) this.off.add(layer.name);
              button.setAttribute("aria-pressed", !this.off.has(layer.name));
              draw();
            });
            return button;
          }
          get shown() { return this.layers.filter((layer) => !this.off.has(layer.switch ?? layer.name)); }

          // The values of what is in view.
          bounds() {
            let low = Infinity, high = -Infinity;
            for (const layer of this.shown) {
              if (layer.shape === "tick" || layer.shape === "rule") continue;
              const isDot = layer.shape === "dot";
              const first = Math.max(0, lower(layer.times, view.from) - (isDot ? 0 : 1));
              const last = Math.min(layer.times.length, lower(layer.times, view.to) + (isDot ? 0 : 1));
              for (let i = first; i < last; i++) {
                const value = layer.values[i];
                if (value < low) low = value;
                if (value > high) high = value;
              }
            }
            if (low > high) return null;
            if (this.fromZero || low < (high - low) * .6) low = Math.min(0, low);
            const room = (high - low || Math.abs(high) || 1) * .06;
            return { low: low === 0 ? 0 : low - room, high: high + room };
          }

          draw() {
            const { pen, width, height } = surface(this.canvas);
            Object.assign(this, { width, height });
            const frame = { x: inset.left, y: inset.top, w: width - inset.left - inset.right,
              h: height - inset.top - inset.bottom };
            if (frame.w < 20) return;
            const bounds = this.bounds();
            this.x = (time) => frame.x + (time - view.from) / (view.to - view.from) * frame.w;
            pen.font = "11.5px " + getComputedStyle(document.body).fontFamily;
            this.drawTimes(pen, frame);
            if (!bounds) {
              pen.fillStyle = color("--faint");
              pen.textAlign = "center";
              pen.fillText("nothing of this in the trace, or in this part of it", frame.x + frame.w / 2, height / 2);
              return;
            }
            this.y = (value) => frame.y + frame.h - (value - bounds.low) / (bounds.high - bounds.low) * frame.h;
            this.drawValues(pen, frame, bounds);
            pen.save();
            pen.beginPath();
            pen.rect(frame.x, frame.y - 2, frame.w, frame.h + 4);
            pen.clip();
            for (const layer of this.shown) this.drawLayer(pen, frame, layer);
            pen.restore();
          }
          drawTimes(pen, frame) {
            const [scale, unit] = timeUnit(view.to - view.from);
            const { values, step } = ticks(view.from / scale, view.to / scale, frame.w / 110);
            pen.textBaseline = "alphabetic";
            pen.textAlign = "center";
            for (const value of values) {
              const x = Math.round(this.x(value * scale)) + .5;
              pen.fillStyle = color("--grid");
              pen.fillRect(x - .5, frame.y, 1, frame.h);
              pen.fillStyle = color("--faint");
              if (x < frame.x + frame.w - 24)
                pen.fillText(digits(value, decimals(step)) + " " + unit, Math.max(x, frame.x + 14), this.height - 7);
            }
          }
          drawValues(pen, frame, bounds) {
            const [scale, unit] = this.unit(Math.max(Math.abs(bounds.high), Math.abs(bounds.low)));
            const { values, step } = ticks(bounds.low / scale, bounds.high / scale, frame.h / 42);
            pen.textAlign = "right";
            pen.textBaseline = "middle";
            for (const value of values) {
              const y = Math.round(this.y(value * scale));
              pen.fillStyle = color(value === 0 ? "--line" : "--grid");
              pen.fillRect(frame.x, y, frame.w, 1);
              pen.fillStyle = color("--faint");
              const words = digits(value, decimals(step)) + (unit ? " " + unit : "");
              pen.fillText(words, frame.x - 8, Math.max(y, frame.y + 4));
            }
            pen.textBaseline = "alphabetic";
          }
          drawLayer(pen, frame, layer) {
            pen.fillStyle = pen.strokeStyle = color(layer.color);
            pen.globalAlpha = layer.alpha ?? 1;
            pen.lineWidth = layer.thickness ?? 1.6;
            pen.setLineDash(layer.dash ?? []);
            if (layer.shape === "dot") this.drawDots(pen, frame, layer);
            else if (layer.shape === "tick") this.drawTicks(pen, frame, layer);
            else if (layer.shape === "rule") this.drawRules(pen, frame, layer);
            else this.drawLine(pen, frame, layer);
            pen.globalAlpha = 1;
            pen.setLineDash([]);
          }
          // Where many points share a column of pixels, its least and its largest value stand for them.
          drawLine(pen, frame, layer) {
            const { times, values } = layer, isStep = layer.shape === "step";
            const first = Math.max(0, lower(times, view.from) - 1);
            const last = Math.min(times.length, lower(times, view.to) + 1);
            if (first >= last) return;
            pen.lineJoin = "round";
            pen.beginPath();
            let y = this.y(values[first]);
            pen.moveTo(this.x(times[first]), y);
            for (let i = first + 1; i < last;) {
              const x = this.x(times[i]), column = Math.floor(x);
              if (isStep) pen.lineTo(x, y);
              let low = values[i], high = low, n = i + 1;
              while (n < last && Math.floor(this.x(times[n])) === column) {
                if (values[n] < low) low = values[n]; else if (values[n] > high) high = values[n];
                n++;
              }
              if (n > i + 2) { pen.lineTo(x, this.y(low)); pen.lineTo(x, this.y(high)); }
              else if (n > i + 1) pen.lineTo(x, this.y(values[i]));
              y = this.y(values[n - 1]);
              pen.lineTo(x, y);
              i = n;
            }
            const end = isStep ? this.x(Math.min(view.to, trace.end)) : this.x(times[last - 1]);
            if (isStep) pen.lineTo(end, y);
            pen.stroke();
            if (!layer.area) return;
            pen.lineTo(end, frame.y + frame.h);
            pen.lineTo(this.x(times[first]), frame.y + frame.h);
            pen.globalAlpha = layer.area;
            pen.fill();
          }
          // No pixel twice: of 100,000 dots most fall on others.
          drawDots(pen, frame, layer) {
            const { times, values } = layer, first = lower(times, view.from), last = lower(times, view.to + 1e-9);
            const packets = trace.packets.times, seen = lower(packets, view.to) - lower(packets, view.from);
            const size = layer.size + (seen < 2000 ? 1.5 : 0);
            const columns = Math.ceil(frame.w) + 2, taken = new Uint8Array(columns * (Math.ceil(frame.h) + 2));
            for (let i = first; i < last; i++) {
              const x = this.x(times[i]), y = this.y(values[i]);
              const cell = Math.floor(x - frame.x) + columns * Math.floor(y - frame.y);
              if (taken[cell]) continue;
              taken[cell] = 1;
              pen.fillRect(x - size / 2, y - size / 2, size, size);
              if (layer.tail) pen.fillRect(x - .75, y + 4, 1.5, layer.tail);
            }
          }
          drawTicks(pen, frame, layer) {
            let before = -1;
            const last = lower(layer.times, view.to + 1e-9);
            for (let i = lower(layer.times, view.from); i < last; i++) {
              const x = Math.round(this.x(layer.times[i]));
              if (x !== before) pen.fillRect(x - .5, frame.y - 2, 1.5, 9);
              before = x;
            }
          }
          drawRules(pen, frame, layer) {
            const ends = [];
            const seen = trace.marks.filter(([time]) => time >= view.from && time <= view.to);
            for (const [time, words] of seen) {
              const x = Math.round(this.x(time));
              pen.fillRect(x, frame.y, 1, frame.h);
              if (!layer.isNamed || seen.length > 8) continue;
              const size = pen.measureText(words).width, isRight = x + 8 + size < frame.x + frame.w;
              const start = isRight ? x + 6 : x - 6 - size;
              // Words that would cover others go one line down.
              let row = 0;
              while (ends[row] > start) row++;
              ends[row] = start + size + 8;
              pen.textAlign = "left";
              pen.fillStyle = color("--soft");
              pen.fillText(words, start, frame.y + 22 + row * 15);
              pen.fillStyle = color(layer.color);
            }
          }

          timeAt(event) {
            const box = this.stage.getBoundingClientRect();
            const share = (event.clientX - box.left - inset.left) / (box.width - inset.left - inset.right);
            return view.from + Math.min(Math.max(share, 0), 1) * (view.to - view.from);
          }
          listen() {
            let start = null;
            this.stage.addEventListener("pointerdown", (event) => {
              if (event.button !== 0) return;
              start = { time: this.timeAt(event), x: event.clientX };
              this.stage.setPointerCapture(event.pointerId);
            });
            this.stage.addEventListener("pointermove", (event) => {
              if (start && Math.abs(event.clientX - start.x) > 4) this.showPick(start.time, this.timeAt(event));
              pointAt(this, event);
            });
            this.stage.addEventListener("pointerup", (event) => {
              const end = this.timeAt(event), from = start;
              this.pick.classList.add("hidden");
              start = null;
              if (!from) return;
              if (Math.abs(event.clientX - from.x) > 4) show(Math.min(from.time, end), Math.max(from.time, end));
              else if (this.click) this.click(this, event);
            });
            this.stage.addEventListener("pointercancel", () => { start = null; this.pick.classList.add("hidden"); });
            this.stage.addEventListener("pointerleave", pointAway);
            this.stage.addEventListener("dblclick", reset);
            this.stage.addEventListener("keydown", moveByKey);
            this.stage.addEventListener("wheel", (event) => {
              if (!event.ctrlKey && !event.shiftKey) return;
              event.preventDefault();
              if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : .8, this.timeAt(event));
              else pan(Math.sign(event.deltaY || event.deltaX) * .1);
            }, { passive: false });
          }
          showPick(one, other) {
            const [left, right] = [this.x(Math.min(one, other)), this.x(Math.max(one, other))];
            this.pick.style.left = left + "px";
            this.pick.style.width = right - left + "px";
            this.pick.classList.remove("hidden");
          }
        }

        // One line through all plots, and the values of the one under the pointer.
        function pointAt(plot, event) {
          const time = plot.timeAt(event);
          for (const other of plots) {
            if (!other.x) continue;
            other.cross.style.left = other.x(time) + "px";
            other.cross.classList.remove("hidden");
          }
          const rows = plot.describe(plot, time, event);
          const near = trace.marks.find(([at]) => Math.abs(plot.x(at) - plot.x(time)) < 5);
          tip.replaceChildren(element("b", {}, clock(time, view.to - view.from)),
            ...rows.map(([name, value, shade]) => element("div", {},
              element("i", { style: `color: var(${shade})` }), element("span", {}, name), value)),
            ...(near ? [element("div", {}, near[1])] : []));
          tip.classList.remove("hidden");
          const box = tip.getBoundingClientRect(), gap = 14;
          const isWide = event.clientX + gap + box.width > innerWidth;
          const left = isWide ? event.clientX - gap - box.width : event.clientX + gap;
          tip.style.left = Math.max(4, left) + "px";
          tip.style.top = Math.max(4, Math.min(event.clientY + gap, innerHeight - box.height - 4)) + "px";
        }
        function pointAway() {
          for (const plot of plots) plot.cross.classList.add("hidden");
          tip.classList.add("hidden");
        }

        // The last value before a moment.
        function valueAt(layer, time) {
          const index = lower(layer.times, time + 1e-6) - 1;
          return index < 0 ? null : layer.values[index];
        }
        // The dot that is nearest to the pointer, where it is near at all.
        function nearest(plot, event, layers) {
          const box = plot.stage.getBoundingClientRect();
          const [px, py] = [event.clientX - box.left, event.clientY - box.top], reach = 14;
          let best = null, least = reach * reach;
          for (const layer of layers) {
            const scale = (view.to - view.from) / (plot.width - inset.left - inset.right), time = plot.timeAt(event);
            const last = lower(layer.times, time + reach * scale);
            for (let i = lower(layer.times, time - reach * scale); i < last; i++) {
              const distance = (plot.x(layer.times[i]) - px) ** 2 + (plot.y(layer.values[i]) - py) ** 2;
              if (distance < least) { least = distance; best = { layer, index: i }; }
            }
          }
          return best;
        }

        """#
}
