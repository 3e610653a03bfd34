extension QlogPage {
    /// The table: only the rows that are seen exist, so that a million of them cost nothing.
    static let tableScript = #"""
        // ---- The table ----
        const rowHeight = 26, tallest = 12e6;
        const byId = (id) => document.getElementById(id);

        const table = {
          order: new Uint32Array(0), open: -1, active: -1, column: "time", isDown: false, texts: [],
          columns: [
            ["packet", "Packet", "n", (p) => p.numbers], ["time", "Time", "n", (p) => p.times],
            ["direction", "Direction", "", (p) => p.sent], ["type", "Type", "", (p) => p.types],
            ["space", "Gap", "n", () => table.gaps()], ["size", "Size", "n", (p) => p.sizes],
            ["fate", "Fate", "", (p) => p.fates], ["what", "Frames", "", (p) => p.frameCounts],
          ],

          setup() {
            for (const [name, title, style] of this.columns) {
              const button = element("button", { onclick: () => this.sort(name) }, title);
              byId("head").append(element("div", { class: style, role: "columnheader", "data-name": name }, button));
            }
            for (const id of ["direction", "type", "frame", "stream", "lost", "shown"])
              byId(id).addEventListener("change", () => this.filter());
            let timer = 0;
            byId("words").addEventListener("input", () => {
              clearTimeout(timer);
              timer = setTimeout(() => this.filter(), 120);
            });
            byId("clear").addEventListener("click", () => { this.clear(); this.filter(); });
            byId("scroll").addEventListener("scroll", () => this.draw());
            byId("scroll").addEventListener("keydown", (event) => this.walk(event));
            byId("body").addEventListener("click", (event) => {
              const row = event.target.closest("[data-place]");
              if (row) this.toggle(Number(row.dataset.place));
            });
            let shown = "";
            redraws.push(() => {
              const now = view.from + " " + view.to;
              if (byId("shown").checked && now !== shown) this.filter();
              shown = now;
            });
          },

          // Another trace.
          load() {
            const { packets } = trace, types = new Set(packets.types);
            let kinds = 0;
            for (const mask of packets.masks) kinds |= mask;
            this.texts = [];
            this.spaces = null;
            this.fill("type", "all packet types",
              report.types.map((name, n) => [n, name]).filter(([n]) => types.has(n)));
            this.fill("frame", "all frames",
              report.kinds.map(({ name }, n) => [n, name.replace(/_/g, " ")]).filter(([n]) => kinds & (1 << n)));
            const ids = trace.streams.map(({ id }) => id).sort((a, b) => a - b).slice(0, 3000);
            this.fill("stream", "all streams", ids.map((id) => [id, "stream " + id]));
            this.filter();
          },
          fill(id, all, options) {
            const kept = byId(id).value;
            byId(id).replaceChildren(element("option", { value: "" }, all),
              ...options.map(([value, name]) => element("option", { value }, name)));
            byId(id).value = options.some(([value]) => String(value) === kept) ? kept : "";
          },
          clear() {
            for (const id of ["direction", "type", "frame", "stream", "words"]) byId(id).value = "";
            for (const id of ["lost", "shown"]) byId(id).checked = false;
          },

          text(index) { return this.texts[index] ??= frameTexts(trace.packets, index).join(" · "); },
          // How long after the packet before it in the same direction.
          gaps() {
            if (this.spaces) return this.spaces;
            const { times, sent, count } = trace.packets, last = [NaN, NaN];
            this.spaces = new Float64Array(count);
            for (let i = 0; i < count; i++) {
              this.spaces[i] = times[i] - last[sent[i]];
              last[sent[i]] = times[i];
            }
            return this.spaces;
          },

          filter() {
            const { packets } = trace, value = (id) => byId(id).value;
            const number = (id) => value(id) === "" ? -1 : Number(value(id));
            const [way, type, frame, stream] = ["direction", "type", "frame", "stream"].map(number);
            const words = value("words").trim().toLowerCase().split(/\s+/).filter(Boolean);
            const [isLost, isShown] = [byId("lost").checked, byId("shown").checked];
            const found = new Uint32Array(packets.count);
            let count = 0;
            for (let i = 0; i < packets.count; i++) {
              if (way >= 0 && packets.sent[i] !== way) continue;
              if (type >= 0 && packets.types[i] !== type) continue;
              if (frame >= 0 && !(packets.masks[i] & (1 << frame))) continue;
              if (isLost && packets.fates[i] < LOST) continue;
              if (isShown && (packets.times[i] < view.from || packets.times[i] > view.to)) continue;
              if (stream >= 0 && !this.touches(i, stream)) continue;
              if (words.length && !this.says(i, words)) continue;
              found[count++] = i;
            }
            this.order = found.subarray(0, count);
            this.open = this.active = -1;
            this.arrange();
            byId("count").textContent = count === packets.count
              ? `${grouped(count)} packets` : `${grouped(count)} of ${grouped(packets.count)} packets`;
            byId("scroll").scrollTop = 0;
            this.draw();
          },
          touches(index, stream) {
            const { frames, starts } = trace.packets;
            for (let at = starts[index]; at < starts[index + 1]; at += 2 + frames[at + 1])
              if (report.kinds[frames[at]].fields[0] === "stream_id" && frames[at + 2] === stream) return true;
            return false;
          },
          says(index, words) {
            const { packets } = trace;
            const all = `${packets.numbers[index]} ${report.types[packets.types[index]]} ${fateText(packets, index)} `
              + this.text(index);
            const text = all.toLowerCase();
            return words.every((word) => text.includes(word));
          },

          sort(column) {
            this.isDown = this.column === column ? !this.isDown : false;
            this.column = column;
            this.open = this.active = -1;
            this.arrange();
            this.draw();
          },
          arrange() {
            const values = this.columns.find(([name]) => name === this.column)[3](trace.packets);
            const sign = this.isDown ? -1 : 1;
            this.order.sort((a, b) => sign * ((values[a] || 0) - (values[b] || 0)) || a - b);
            for (const head of byId("head").children) {
              const isOurs = head.dataset.name === this.column;
              head.setAttribute("aria-sort", isOurs ? (this.isDown ? "descending" : "ascending") : "none");
              const title = this.columns.find(([name]) => name === head.dataset.name)[1];
              head.firstChild.textContent = title + (isOurs ? (this.isDown ? " ↓" : " ↑") : "");
            }
          },

          detailHeight() {
            if (this.open < 0) return 0;
            const lines = trace.packets.frameCounts[this.order[this.open]] + 1;
            return Math.min(lines * 20 + 16, 260);
          },
          draw() {
            const box = byId("scroll"), count = this.order.length;
            const natural = count * rowHeight, height = Math.min(natural, tallest) + this.detailHeight();
            byId("space").style.height = height + "px";
            const room = box.clientHeight || 546;
            // Browsers end at some height: beyond it the scroll bar moves by more than it shows.
            const share = natural > tallest ? box.scrollTop / Math.max(height - room, 1) : 0;
            let top = natural > tallest ? share * Math.max(natural + this.detailHeight() - room, 0) : box.scrollTop;
            const before = top;
            let first = Math.floor(top / rowHeight);
            if (this.open >= 0 && first > this.open)
              first = Math.max(this.open, Math.floor((top - this.detailHeight()) / rowHeight));
            first = Math.max(0, Math.min(first, count) - 4);
            const last = Math.min(count, first + Math.ceil(room / rowHeight) + 10);
            const rows = [];
            for (let place = first; place < last; place++) {
              rows.push(this.row(place));
              if (place === this.open) rows.push(this.detail(this.order[place]));
            }
            if (count === 0) rows.push(element("p", { class: "empty" }, "No packet is like that."));
            byId("body").replaceChildren(...rows);
            const shift = first * rowHeight + (this.open >= 0 && first > this.open ? this.detailHeight() : 0);
            byId("body").style.top = box.scrollTop - before + shift + "px";
            byId("grid").setAttribute("aria-rowcount", count);
          },
          row(place) {
            const { packets } = trace, i = this.order[place], gap = this.gaps()[i];
            const cell = (words, style = "") => element("div", { class: style, role: "gridcell" }, words);
            const size = packets.sizes[i], isSent = packets.sent[i] === 1;
            const settled = packets.fates[i] === OPEN ? "" : " " + wait(packets.settled[i]);
            const fate = packets.fates[i] >= LOST ? fateText(packets, i) : packets.fates[i] === ACKED ? "ack" : "";
            const style = "row" + (packets.fates[i] === LOST ? " lost" : "") + (place === this.active ? " active" : "");
            return element("div", { class: style, role: "row", "data-place": place, "aria-rowindex": place + 1,
              "aria-expanded": place === this.open },
              cell(packets.numbers[i] < 0 ? "–" : grouped(packets.numbers[i]), "n"),
              cell(digits(packets.times[i] / 1e3, 3) + " ms", "n"),
              cell(isSent ? "→ sent" : "← received", isSent ? "sent" : "received"),
              cell(report.types[packets.types[i]]),
              cell(Number.isNaN(gap) ? "–" : wait(gap), "n"),
              cell(size < 0 ? "–" : grouped(size) + " B", "n"),
              cell(fate + (packets.fates[i] >= LOST ? "" : settled)), cell(this.text(i).slice(0, 400), "what"));
          },
          detail(index) {
            const { packets } = trace, fate = fateText(packets, index);
            const head = [
              `${report.types[packets.types[index]]} packet ${packets.sent[index] ? "sent" : "received"}`,
              packets.sizes[index] < 0 ? "" : grouped(packets.sizes[index]) + " bytes",
              fate && `${fate} ${settledText(packets, index)}`,
            ].filter(Boolean).join(", ");
            return element("div", { class: "detail", style: `height: ${this.detailHeight()}px` },
              element("p", {}, head), ...frameTexts(packets, index).map((words) => element("p", {}, words)));
          },

          toggle(place) {
            this.active = place;
            this.open = this.open === place ? -1 : place;
            this.draw();
          },
          // Scrolls so far that a row is seen.
          bring(place) {
            const box = byId("scroll"), natural = this.order.length * rowHeight;
            const scale = natural > tallest ? tallest / natural : 1, y = place * rowHeight * scale;
            if (y < box.scrollTop || y > box.scrollTop + box.clientHeight - 2 * rowHeight)
              box.scrollTop = y - box.clientHeight / 3;
          },
          reveal(index) {
            let place = this.order.indexOf(index);
            if (place < 0) { this.clear(); this.filter(); place = this.order.indexOf(index); }
            this.active = this.open = place;
            this.bring(place);
            this.draw();
            byId("grid").scrollIntoView({ block: "nearest" });
          },
          walk(event) {
            const page = Math.floor(byId("scroll").clientHeight / rowHeight) - 1;
            const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
            if (step) {
              this.active = Math.max(0, Math.min(this.order.length - 1, this.active + step));
              this.bring(this.active);
              this.draw();
            } else if ((event.key === "Enter" || event.key === " ") && this.active >= 0) this.toggle(this.active);
            else return;
            event.preventDefault();
          },
        };

        """#
}
