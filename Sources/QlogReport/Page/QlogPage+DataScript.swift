extension QlogPage {
    /// Unpacks the data, and puts numbers into words.
    static let dataScript = #"""
        // ---- The data ----
        const report = JSON.parse(document.getElementById("data").textContent);
        const kindOf = Object.fromEntries(report.kinds.map((kind, index) => [kind.name, index]));
        const OPEN = 0, ACKED = 1, LOST = 2, SPURIOUS = 3;

        // Times are stored as distances.
        function sums(distances) {
          const values = new Float64Array(distances.length);
          let sum = 0;
          for (let i = 0; i < values.length; i++) values[i] = sum += distances[i];
          return values;
        }

        // The first index whose value is not below `value`; `values` ascend.
        function lower(values, value) {
          let low = 0, high = values.length;
          while (low < high) {
            const middle = (low + high) >> 1;
            if (values[middle] < value) low = middle + 1; else high = middle;
          }
          return low;
        }

        function unpack(raw) {
          const p = raw.packets, count = p.times.length;
          const packets = {
            count, times: sums(p.times), numbers: p.numbers, sizes: p.sizes, settled: p.settled, frames: p.frames,
            types: new Uint8Array(count), fates: new Uint8Array(count), sent: new Uint8Array(count),
            starts: new Uint32Array(count + 1), frameCounts: p.frameCounts, masks: new Uint32Array(count),
          };
          const streams = new Map();
          let place = 0;
          for (let i = 0; i < count; i++) {
            packets.types[i] = p.kinds[i] >> 3;
            packets.fates[i] = (p.kinds[i] >> 1) & 3;
            packets.sent[i] = p.kinds[i] & 1;
            packets.starts[i] = place;
            for (let n = p.frameCounts[i]; n > 0; n--) {
              packets.masks[i] |= 1 << p.frames[place];
              if (p.frames[place] === kindOf.stream)
                follow(streams, packets, i, p.frames[place + 2], p.frames[place + 3], p.frames[place + 4]);
              place += 2 + p.frames[place + 1];
            }
          }
          packets.starts[count] = place;
          const series = raw.series.map(([times, values]) => ({ times: sums(times), values }));
          return { ...raw, packets, series, losses: losses(packets), streams: byWeight(streams) };
        }

        // How far a stream has come in one direction, and what went again.
        function follow(streams, packets, index, id, offset, length) {
          if (id < 0) return;
          let stream = streams.get(id);
          if (!stream) streams.set(id, stream = { id, sides: [side(), side()] });
          const way = stream.sides[packets.sent[index]], time = packets.times[index];
          const end = Math.max(offset, 0) + Math.max(length, 0);
          if (end > way.high || way.times.length === 0) {
            way.high = Math.max(end, way.high);
            way.times.push(time);
            way.values.push(way.high);
          } else {
            way.againTimes.push(time);
            way.againValues.push(end);
          }
        }
        function side() { return { times: [], values: [], againTimes: [], againValues: [], high: 0 }; }
        function weight(stream) { return stream.sides[0].high + stream.sides[1].high; }
        function byWeight(streams) {
          const all = [...streams.values()].sort((a, b) => weight(b) - weight(a) || a.id - b.id);
          all.forEach((stream, index) => { stream.color = "--s" + index % 8; });
          return all;
        }

        function losses(packets) {
          const times = [];
          for (let i = 0; i < packets.count; i++)
            if (packets.fates[i] >= LOST && packets.settled[i] >= 0)
              times.push(packets.times[i] + packets.settled[i]);
          return times.sort((a, b) => a - b);
        }

        const traces = report.traces.map(unpack);
        // The end that sent more has more to tell.
        const sentBytes = ({ packets }) =>
          packets.sizes.reduce((sum, size, i) => sum + (packets.sent[i] ? size : 0), 0);
        let trace = traces.reduce((best, one) => sentBytes(one) > sentBytes(best) ? one : best);

        // ---- Words ----
        const grouped = (value) => Math.round(value).toLocaleString("en-US");
        const digits = (value, count) =>
          value.toLocaleString("en-US", { minimumFractionDigits: count, maximumFractionDigits: count });

        function bytes(value) {
          const size = Math.abs(value);
          if (size < 1000) return grouped(value) + " B";
          const [scale, unit] = size < 1e6 ? [1e3, "kB"] : size < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
          return digits(value / scale, size / scale < 10 ? 2 : 1) + " " + unit;
        }

        // Microseconds, as finely as a span of that length needs.
        function clock(time, span) {
          if (span >= 2e6) return digits(time / 1e6, span >= 2e7 ? 2 : 3) + " s";
          return digits(time / 1e3, span >= 2e5 ? 1 : span >= 2e3 ? 2 : 3) + " ms";
        }
        const wait = (time) => digits(time / 1e3, time < 1e5 ? 2 : 1) + " ms";

        // Every frame of a packet, as a line.
        function frameTexts(packets, index) {
          const lines = [];
          for (let at = packets.starts[index]; at < packets.starts[index + 1];) {
            const count = packets.frames[at + 1];
            lines.push(frameText(packets.frames, at, count));
            at += 2 + count;
          }
          return lines;
        }
        function frameText(frames, at, count) {
          const kind = report.kinds[frames[at]], from = at + 2;
          if (kind.name === "stream") {
            const [id, offset, length, fin] = [frames[from], frames[from + 1], frames[from + 2], frames[from + 3]];
            return `stream ${id}: ${grouped(length)} B at ${grouped(offset)}${fin ? ", fin" : ""}`;
          }
          if (kind.name === "ack") return "ack " + ackText(frames, from, count);
          const words = kind.fields.map((name, n) => [name.replace(/_/g, " "), frames[from + n]]);
          const told = words.filter(([, value]) => value >= 0).map(([name, value]) => `${name} ${grouped(value)}`);
          return kind.name + (told.length ? ": " + told.join(", ") : "");
        }
        // Delay, the largest number, how many below it, then gap and length by turns.
        function ackText(frames, from, count) {
          const ranges = [];
          let smallest = 0;
          for (let n = 1; n + 1 < count; n += 2) {
            const largest = n === 1 ? frames[from + 1] : smallest - frames[from + n];
            smallest = largest - frames[from + n + 1];
            ranges.push(smallest === largest ? `${largest}` : `${smallest}–${largest}`);
          }
          return ranges.join(", ") + (frames[from] > 0 ? ` (delay ${wait(frames[from])})` : "");
        }
        function fateText(packets, index) {
          if (!packets.sent[index]) return "";
          return ["", "acknowledged", "lost", "lost wrongly"][packets.fates[index]];
        }

        """#
}
