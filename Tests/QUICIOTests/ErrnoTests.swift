internal import Glibc
internal import QUICIO
internal import Testing

@Suite struct ErrnoTests {
    @Test("An error prints the system's words and its number")
    func description() {
        #expect(Errno(ECONNREFUSED).description == "Connection refused (errno 111)")
        #expect(Errno.addressInUse.message == "Address already in use")
    }

    @Test("A number that the system does not know still prints, whatever its size", arguments: [-1, 9999, .max, .min])
    func unknownNumber(_ number: Int32) {
        #expect(Errno(number).description.contains("(errno \(number))"))
        #expect(!Errno(number).message.isEmpty)
    }

    @Test("Every name stands for the number of the C library")
    func names() {
        let table: [(Errno, Int32)] = [
            (.interrupted, EINTR), (.wouldBlock, EAGAIN), (.wouldBlock, EWOULDBLOCK), (.noBufferSpace, ENOBUFS),
            (.outOfMemory, ENOMEM), (.messageTooLong, EMSGSIZE), (.inputOutput, EIO),
            (.connectionRefused, ECONNREFUSED), (.networkUnreachable, ENETUNREACH),
            (.hostUnreachable, EHOSTUNREACH), (.networkDown, ENETDOWN), (.hostDown, EHOSTDOWN),
            (.hostIsolated, ENONET), (.protocolError, EPROTO), (.protocolUnavailable, ENOPROTOOPT),
            (.notSupported, EOPNOTSUPP), (.notPermitted, EPERM), (.permissionDenied, EACCES),
            (.addressInUse, EADDRINUSE), (.addressNotAvailable, EADDRNOTAVAIL),
            (.addressFamilyNotSupported, EAFNOSUPPORT), (.destinationRequired, EDESTADDRREQ),
            (.tooManyOpenFiles, EMFILE), (.tooManyOpenFilesInSystem, ENFILE), (.invalidArgument, EINVAL),
            (.badDescriptor, EBADF), (.notASocket, ENOTSOCK), (.badAddress, EFAULT), (.timedOut, ETIMEDOUT),
        ]
        for (error, number) in table { #expect(error.rawValue == number) }
        #expect(Set(table.map(\.0)).count == table.count - 1)
    }

    @Test("A catch clause can name an error, typed or not")
    func catching() {
        func fail() throws { throw Errno.addressInUse }
        var caught = ""
        do { try fail() } catch Errno.permissionDenied { caught = "wrong" } catch Errno.addressInUse {
            caught = "right"
        } catch { caught = "none" }
        #expect(caught == "right")

        func failTyped() throws(Errno) { throw .tooManyOpenFiles }
        do throws(Errno) { try failTyped() } catch .tooManyOpenFiles { caught = "typed" } catch { caught = "none" }
        #expect(caught == "typed")
    }

    @Test("Each error of a datagram calls for the action that the table of host faults names")
    func datagramFaults() {
        let table: [(DatagramFault, [Int32])] = [
            (.retryNow, [EINTR]),
            (.waitUntilReady, [EAGAIN]),
            (.datagramLostAndPause, [ENOBUFS, ENOMEM]),
            (.segmentationRefused, [EIO, EINVAL]),
            (
                .datagramLost,
                [
                    EMSGSIZE, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, ENONET, EPROTO, ENOPROTOOPT,
                    EOPNOTSUPP, EADDRNOTAVAIL, EPERM, EACCES,
                ]
            ),
            (.socketUnusable, [EBADF, ENOTSOCK, EFAULT, EMFILE, ENFILE, EADDRINUSE, EAFNOSUPPORT, EDESTADDRREQ, 0]),
        ]
        for (fault, numbers) in table {
            for number in numbers {
                let error = Errno(number)
                #expect(error.datagramFault == fault, "\(error)")
                #expect(error.isTransientForDatagrams == (fault != .socketUnusable), "\(error)")
            }
        }
    }
}
