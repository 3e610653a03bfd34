import QUICEngine
import QUICIO

/// The libraries that were loaded, and what is known against them.
struct LibraryChecks {
    let diagnosis: Diagnosis

    func run() {
        self.diagnosis.begin("Libraries")
        let (ngtcp2, gnutls) = (EngineLibrary.ngtcp2Version, EngineLibrary.gnutlsVersion)
        var figures = JSONObject()
        figures.add("ngtcp2", ngtcp2)
        figures.add("gnutls", gnutls)
        let versions = EngineLibrary.versions.map(\.description).joined(separator: " and ")
        self.diagnosis.good("libraries", "ngtcp2 \(ngtcp2), GnuTLS \(gnutls): QUIC version \(versions)", figures)
        self.check(.ngtcp2, ngtcp2, packages: ["libngtcp2-16", "libngtcp2-9"])
        self.check(.gnuTLS, gnutls, packages: ["libgnutls30", "libgnutls30t64"])
    }

    private func check(_ library: KnownDefect.Library, _ text: String, packages: [String]) {
        let version = LibraryVersion(text)
        let package = DebianPackage(packages, upstream: version)
        let known = KnownDefect.all.filter { $0.library == library && $0.concerns(version, package) }
        let name = "\(library.rawValue) \(package?.version ?? text)"
        if known.allSatisfy(\.isGuarded) {
            self.diagnosis.good("\(library.rawValue) defects", "no defect is known of \(name) that would do harm")
        }
        for defect in known {
            // Debian's number tells which corrections are in; another distribution's can't be read here.
            let doubt = package == nil ? ", unless your distribution has patched it" : ""
            let sentence = "\(name): \(defect.name): \(defect.symptom)"
            if defect.isGuarded {
                self.diagnosis.good("\(library.rawValue) defect", "\(sentence). \(defect.advice)")
            } else {
                self.diagnosis.warn("\(library.rawValue) defect", sentence + doubt, hint: defect.advice)
            }
        }
    }
}
