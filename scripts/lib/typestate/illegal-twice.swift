// A state is used up by the step that leaves it.
func twice(_ state: consuming Handshaking) {
    _ = Connected(state)
    _ = Connected(state)
}
