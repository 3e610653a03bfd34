// A closed connection never opens again.
func reopen(_ state: consuming Closed) -> Connected { Connected(state) }
