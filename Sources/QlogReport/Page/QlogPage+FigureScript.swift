extension QlogPage {
    /// The four plots.
    static let figureScript = #"""
        // ---- The plots ----
        const byteUnit = (most) => most >= 2e6 ? [1e6, "MB"] : most >= 2e3 ? [1e3, "kB"] : [1, "B"];
        const timeUnitY = (most) => most >= 2e6 ? [1e6, "s"] : [1e3, "ms"];
        const plain = () => [1, ""];

        function line(index, name, shade, more = {}) {
          return { name, color: shade, shape: "step", ...trace.series[index], ...more };
        }
        const filled = (layers) => layers.filter((layer) => layer.times.length > 0);
        function rules(isNamed = false) {
          return { color: "--grey", shape: "rule", alpha: .8, times: [], values: [], isNamed };
        }
        function lossTicks() {
          return { name: "packet lost", color: "--red", shape: "tick", times: trace.losses, values: [] };
        }
        function describeLines(text) {
          return (plot, time) => plot.shown.filter((layer) => layer.name && layer.values.length > 0)
            .map((layer) => [layer.name, valueAt(layer, time), layer.color])
            .filter(([, value]) => value !== null).map(([name, value, shade]) => [name, text(value), shade]);
        }

        new Plot({
          title: "Congestion", hint: "bytes on their way, and how many may be",
          unit: byteUnit, fromZero: true, describe: describeLines(bytes),
          layers: () => [rules(true), ...filled([
            line(2, "slow start threshold", "--grey", { dash: [5, 4], thickness: 1.3 }),
            line(1, "bytes in flight", "--teal", { alpha: .85, thickness: 1.1, area: .16 }),
            line(0, "congestion window", "--blue", { thickness: 2 }),
            lossTicks(),
          ])],
        });

        new Plot({
          title: "Round trip", hint: "as this end measured it",
          unit: timeUnitY, describe: describeLines(wait),
          layers: () => [rules(), ...filled([
            line(3, "latest", "--teal", { shape: "dot", alpha: .75, size: 2.5 }),
            line(4, "smoothed", "--blue", { thickness: 2 }),
            line(5, "least", "--grey", { dash: [5, 4], thickness: 1.3 }),
          ])],
        });

        // The packets of one kind as dots; `order` leads back to the packet.
        function dots(name, shade, size, isOurs, tail = 0) {
          const { packets } = trace, times = [], values = [], order = [];
          for (let i = 0; i < packets.count; i++) {
            if (packets.numbers[i] < 0 || !isOurs(i)) continue;
            times.push(packets.times[i]);
            values.push(packets.numbers[i]);
            order.push(i);
          }
          return { name, color: shade, shape: "dot", size, tail, times, values, order };
        }
        new Plot({
          title: "Packets", hint: "packet number over time",
          unit: plain,
          layers: () => {
            const { sent, fates } = trace.packets;
            return [rules(), ...filled([
              dots("received", "--teal", 2, (i) => !sent[i]),
              dots("sent", "--grey", 2, (i) => sent[i] && fates[i] === OPEN),
              dots("sent and acknowledged", "--blue", 2, (i) => sent[i] && fates[i] === ACKED),
              dots("lost", "--red", 2.5, (i) => sent[i] && fates[i] === LOST, 7),
              dots("lost wrongly", "--amber", 2.5, (i) => sent[i] && fates[i] === SPURIOUS, 7),
            ])];
          },
          describe: (plot, time, event) => {
            const found = nearest(plot, event, plot.shown.filter((layer) => layer.order));
            if (!found) return [];
            const { packets } = trace, index = found.layer.order[found.index], { color: shade } = found.layer;
            const rows = [
              [packets.sent[index] ? "sent" : "received", clock(packets.times[index], 0), shade],
              [report.types[packets.types[index]], grouped(packets.numbers[index]), shade],
            ];
            if (fateText(packets, index)) rows.push([fateText(packets, index), settledText(packets, index), shade]);
            for (const words of frameTexts(packets, index).slice(0, 4)) rows.push([words.slice(0, 60), "", "--line"]);
            return rows;
          },
          click: (plot, event) => {
            const found = nearest(plot, event, plot.shown.filter((layer) => layer.order));
            if (found) table.reveal(found.layer.order[found.index]);
          },
        });
        function settledText(packets, index) {
          return packets.settled[index] >= 0 ? "after " + wait(packets.settled[index]) : "";
        }

        // Each stream is a line to the end of what was sent or received; what went again are dots below it.
        const namedStreams = 6;
        new Plot({
          title: "Streams", hint: "offset over time; dots are bytes that went again",
          unit: byteUnit, fromZero: true,
          legend: () => trace.streams.length > namedStreams
            ? `and ${grouped(trace.streams.length - namedStreams)} more` : "",
          layers: () => [rules(), ...trace.streams.flatMap((stream, rank) => [1, 0].flatMap((way) => {
            const side = stream.sides[way];
            if (side.times.length === 0) return [];
            const isMain = side.high >= stream.sides[1 - way].high;
            const name = `stream ${stream.id}` + (isMain ? "" : way ? " (sent)" : " (received)");
            const isQuiet = rank >= namedStreams || !isMain, shade = stream.color;
            return [
              { name, switch: `stream ${stream.id}`, isQuiet, color: shade, shape: "line", times: side.times,
                values: side.values, dash: isMain ? null : [7, 3], stream, way },
              { switch: `stream ${stream.id}`, color: shade, shape: "dot", size: 3, alpha: .75,
                times: side.againTimes, values: side.againValues },
            ];
          }))],
          describe: (plot, time, event) => {
            const y = event.clientY - plot.stage.getBoundingClientRect().top;
            return plot.shown.filter((layer) => layer.stream)
              .map((layer) => ({ layer, value: valueAt(layer, time) })).filter(({ value }) => value !== null)
              .sort((a, b) => Math.abs(plot.y(a.value) - y) - Math.abs(plot.y(b.value) - y)).slice(0, 6)
              .map(({ layer, value }) =>
                [`stream ${layer.stream.id} ${layer.way ? "sent" : "received"}`, bytes(value), layer.color]);
          },
        });

        """#
}
