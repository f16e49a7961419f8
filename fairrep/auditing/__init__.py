"""Audits of models and representations: figures by group, and what attackers read."""

from .._certificates.certificate import certify
from .._certificates.from_counts import Certificate
from ._audit import audit
from ._measuring.attacks.proxies import proxies
from ._measuring.findings import ModelAudit
from ._model_card import model_card
from ._report import AuditReport
from ._showing.calibration_display import CalibrationByGroupDisplay
from ._showing.groups_display import GroupsDisplay
from ._showing.leakage_display import LeakageDisplay
from ._showing.proxies_display import ProxyDisplay

__all__ = [
    "AuditReport",
    "CalibrationByGroupDisplay",
    "Certificate",
    "GroupsDisplay",
    "LeakageDisplay",
    "ModelAudit",
    "ProxyDisplay",
    "audit",
    "certify",
    "model_card",
    "proxies",
]
