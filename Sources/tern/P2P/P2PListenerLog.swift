import LibP2P

/// The lines that `tern p2p listen` prints: for people, or one JSON object each.
struct P2PListenerLog: Sendable {
    let isQuiet: Bool
    let isJSON: Bool

    /// Says where to call.
    func greet(_ addresses: [Multiaddress]) {
        guard self.isJSON else {
            for address in addresses { Console.writeNow("listening on \(address)") }
            return
        }
        self.write("listening") { $0.add("addresses", addresses.map { "\($0)" }) }
    }

    func add(_ event: LibP2PEvent) {
        switch event {
        case .connected(let info, _):
            self.add("connected", info.peer, "connected from \(info.remoteAddress)") {
                $0.add("address", "\(info.remoteAddress)")
            }
        case .disconnected(let info, let reason, _):
            self.add("disconnected", info.peer, "left: \(reason)") { $0.add("reason", "\(reason)") }
        case .identified(let peer, let agent, let protocols, _):
            self.add("identified", peer, "is \(agent ?? "something") with \(protocols.count.counted("protocol"))") {
                $0.add("agent", agent ?? "")
                $0.add("protocols", protocols.map(\.description))
            }
        case .inboundFailed(let address, let reason):
            self.add("refused", address, "did not come in: \(reason)") { $0.add("reason", "\(reason)") }
        case .holePunched(let peer, let outcome): self.add(outcome, of: peer)
        default: break
        }
    }

    private func add(_ outcome: HolePunchOutcome, of peer: PeerID) {
        switch outcome {
        case .direct(let address, _):
            self.add("direct", peer, "is connected directly now, at \(address)") { $0.add("address", "\(address)") }
        case .failed(let reason):
            self.add("not direct", peer, "stays behind the relay: \(reason)") { $0.add("reason", "\(reason)") }
        }
    }

    func add(received receipt: PeerInbox.Receipt, from peer: PeerID) {
        let rate = ByteCount.rate(receipt.bytes, in: receipt.time)
        self.add("received", peer, "sent \(receipt.name), \(ByteCount.text(receipt.bytes)), \(rate)") {
            $0.add("name", receipt.name)
            $0.add("bytes", receipt.bytes)
            $0.add("seconds", receipt.time.seconds, digits: 6)
        }
    }

    func add(refused error: any Error, from peer: PeerID) {
        let words = (error as? PeerFileProtocol.Refusal).map { "\($0)" } ?? "\(error)"
        self.add("not received", peer, "sent a file that was not taken: \(words)") { $0.add("reason", words) }
    }

    private func add(
        _ event: String, _ who: some CustomStringConvertible, _ line: String, _ fill: (inout JSONObject) -> Void
    ) {
        guard !self.isQuiet else { return }
        guard self.isJSON else { return Console.writeNow("\(Style.dim("\(who)")) \(line.printable)") }
        self.write(event) { object in
            object.add("peer", "\(who)")
            fill(&object)
        }
    }

    private func write(_ event: String, _ fill: (inout JSONObject) -> Void) {
        var object = JSONObject()
        object.add("event", event)
        fill(&object)
        Console.writeNow(object.text)
    }
}
