"""The webhook of a sandbox's cluster: what is deployed there is stamped, as with manifests/admission."""

from __future__ import annotations

import contextlib
from pathlib import Path

from receiver.cluster.api import ApiError
from sandbox.admission import (
    AdmissionProcess,
    account_objects,
    admission_token,
    install_admission,
    webhook_configuration,
)
from sandbox.certificates import Authority
from sandbox.existing import Cluster
from sandbox.shipped import exists, path_of


class Stamping:
    """Starts the webhook; nothing is stamped before `register`."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._api = cluster.api()
        folder.mkdir()
        self._made = [item for item in account_objects() if not exists(self._api, path_of(item))]
        install_admission(self._api, self._made)
        kubeconfig = cluster.write_kubeconfig(admission_token(self._api), folder / "admission.kubeconfig")
        self.webhook = AdmissionProcess(kubeconfig, folder, Authority(folder / "authority", "metricops-sandbox"))

    def register(self) -> None:
        """Have the API server ask the webhook, unless it asks one of this name already.

        Raises `ProcessError` where the webhook does not come up.
        """
        configuration = webhook_configuration(self.webhook.url, self.webhook.authority)
        if not exists(self._api, path_of(configuration)):
            self.webhook.wait_until_ready()
            install_admission(self._api, [configuration])
            self._made.append(configuration)

    def remove(self) -> None:
        """Take back what was made in a cluster that lives on."""
        for item in reversed(self._made):
            with contextlib.suppress(ApiError):  # It may be gone already.
                self._api.delete(path_of(item))
