func legal() {
    let a = Handshaking()
    let b = Connected(a)
    let c = Confirmed(b)
    let d = Closing(c, deadline: 5)
    _ = Closed(d)
}
