// The program that libp2p's unified test plan runs against every other implementation: a listener that tells its address
// through Redis, or a dialler that pings it and prints how long that took. Settings come from the environment, the log goes
// to the error stream, and the exit code is the verdict.
//
//     IS_DIALER=false REDIS_ADDR=127.0.0.1:6379 TEST_KEY=a5b50d5e TRANSPORT=quic-v1 tern-libp2p-test
//     IS_DIALER=true  REDIS_ADDR=127.0.0.1:6379 TEST_KEY=a5b50d5e TRANSPORT=quic-v1 tern-libp2p-test

import QUICIO

do {
    try await ConformanceTest(Settings(ProcessEnvironment.value)).run()
} catch {
    Terminal.writeError("tern-libp2p-test: \(error)\n")
    Terminal.exit(1)
}
