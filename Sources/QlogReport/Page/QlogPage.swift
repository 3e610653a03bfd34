/// One HTML page that shows traces and loads nothing.
public enum QlogPage {
    /// Writes the page.
    ///
    /// What comes from the traces goes only into the data, which is JSON in a script element that does not run, and
    /// which the page's script shows as text, never as markup.
    public static func html(_ traces: [QlogTrace], title: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" \
        content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <title>\(self.escaped(title))</title>
        <style>
        \(self.style)</style>
        </head>
        <body>
        \(self.body)
        <script type="application/json" id="data">\(PageData(traces, title: title).json)</script>
        <script>
        "use strict";
        \(self.dataScript)\(self.axisScript)\(self.plotScript)\(self.figureScript)\(self.tableScript)\(self.mainScript)
        </script>
        </body>
        </html>

        """
    }

    /// Text between tags.
    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
