"""Audits of models and representations: figures by group, and what attackers read."""

from .._certificates.certificate import certify
from .._certificates.from_counts import Certificate
from ._audit import audit
from ._displays import CalibrationByGroupDisplay, GroupsDisplay
from ._leakage_displays import LeakageDisplay, ProxyDisplay
from ._proxies import proxies
from ._report import AuditReport, ModelAudit

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
    "proxies",
]
