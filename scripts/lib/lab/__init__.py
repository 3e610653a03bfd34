"""The interop laboratory: network namespaces, an emulated link, and every case of the QUIC interop runner."""
