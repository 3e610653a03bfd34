// A draining connection says nothing any more: it can't start closing.
func answer(_ state: consuming Draining) -> Closing { Closing(state, deadline: 1) }
