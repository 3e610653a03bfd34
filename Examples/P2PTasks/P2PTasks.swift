import ExampleSupport
import Foundation
import LibP2P

/// Work for many nodes: a coordinator gives tasks out in turn, and collects the results.
///
///     swift run P2PTasksExample work                      prints its address; start several
///     swift run P2PTasksExample give COUNT ADDRESS...     sums up the numbers below COUNT, a hundred at a time
///
/// One stream to each worker stays open for all of its tasks. Tasks and results are JSON, each with its length in front.
@main
enum P2PTasks {
    private static let tasks: ProtocolID = "/tasks/1.0.0"
    private static let limit = 65_536

    struct Work: Codable, Sendable {
        var taskID: Int
        var first: Int
        var count: Int

        enum CodingKeys: String, CodingKey {
            case taskID = "task_id"
            case first, count
        }
    }

    struct Outcome: Codable, Sendable {
        var taskID: Int
        var status: String
        var result: Int?

        enum CodingKeys: String, CodingKey {
            case taskID = "task_id"
            case status, result
        }
    }

    static func main() async {
        do {
            switch (Words.at(0), Words.all.count) {
            case ("work", 1...2): try await self.work(port: Words.port(at: 1, else: 0))
            case ("give", 3...):
                guard let count = Int(Words.all[1]), 0...1_000_000 ~= count else { Words.explain("COUNT is a number") }
                try await self.give(count, to: Words.all[2...].map { try PeerInfo($0) })
            default: Words.explain("Usage: P2PTasksExample work [PORT] | give COUNT ADDRESS...")
            }
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    // MARK: The worker

    private static func work(port: UInt16) async throws {
        var configuration = LibP2PConfiguration()
        configuration.listenAddresses = [try Multiaddress("/ip4/0.0.0.0/udp/\(port)/quic-v1")]
        let host = try LibP2PHost(key: .generate(), configuration)
        try host.handle(self.tasks) { stream in
            while let message = try await stream.readMessage(limit: self.limit) {
                let outcome = self.outcome(of: try JSONDecoder().decode(Work.self, from: Data(message)))
                try await stream.writeMessage(Array(JSONEncoder().encode(outcome)))
            }
        }
        try await host.run { host in
            for address in host.addresses { say("listening on \(address)") }
            while true { try await Task.sleep(for: .seconds(3_600)) }
        }
    }

    /// Does the work, unless it makes no sense: what a peer asks for is not to be trusted.
    private static func outcome(of work: Work) -> Outcome {
        guard 0...1_000_000 ~= work.first, 0...1_000 ~= work.count else {
            return Outcome(taskID: work.taskID, status: "refused")
        }
        let sum = (work.first..<(work.first + work.count)).reduce(0, +)
        return Outcome(taskID: work.taskID, status: "done", result: sum)
    }

    // MARK: The coordinator

    private static func give(_ count: Int, to workers: [PeerInfo]) async throws {
        let works = stride(from: 0, to: count, by: 100).enumerated().map { number, first in
            Work(taskID: number, first: first, count: min(100, count - first))
        }
        try await LibP2PHost(key: .generate()).run { host in
            let outcomes = try await withThrowingTaskGroup(of: [Outcome].self) { group in
                for (number, worker) in workers.enumerated() {
                    // In turn: the first worker gets the first task, and again that after the last worker's.
                    let share = works.filter { $0.taskID % workers.count == number }
                    group.addTask { try await self.give(share, to: worker, from: host) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let sum = outcomes.compactMap(\.result).reduce(0, +)
            say("\(outcomes.filter { $0.status == "done" }.count) of \(works.count) tasks done, the sum is \(sum)")
        }
    }

    /// Keeps one stream open for all tasks of a worker.
    private static func give(_ works: [Work], to worker: PeerInfo, from host: LibP2PHost) async throws -> [Outcome] {
        try await host.connect(to: worker)
        return try await host.withStream(to: worker.id, self.tasks) { stream in
            var outcomes: [Outcome] = []
            for work in works {
                try await stream.writeMessage(Array(JSONEncoder().encode(work)))
                guard let message = try await stream.readMessage(limit: self.limit) else { break }
                outcomes.append(try JSONDecoder().decode(Outcome.self, from: Data(message)))
            }
            say("\(worker.id) has done \(outcomes.count) tasks")
            return outcomes
        }
    }
}
