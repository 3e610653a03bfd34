// A state is used up by the step that leaves it.
func copy(_ state: Handshaking) -> (Connected, Connected) { (Connected(state), Connected(state)) }
