"""A stand-in node: it runs a cluster's pods as local processes, each on a loopback address of its own.

It does what a kubelet and a container runtime do as far as the sandbox needs it: processes in namespaces made by
bubblewrap, environment and volumes, service account tokens, probes, restarts with back-off, status, deletion.
What it does not do: Services and cluster DNS (the API refuses endpoints on loopback), `kubectl logs` and `exec`
(there is no kubelet to ask; logs are files below the run folder), resource limits, sidecar init containers,
hostPath and persistent volumes, ephemeral containers.
"""
