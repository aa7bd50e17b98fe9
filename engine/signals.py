"""Which signal carries which message."""

from workflows import messages as wire

SIGNALS: dict[type[wire.Message], str] = {
    wire.RedeemLink: "redeem_link",
    wire.ResendLink: "resend_link",
    wire.SubmitApplication: "submit_application",
    wire.Withdraw: "withdraw",
    wire.DecideApproval: "decide_approval",
    wire.DecideReview: "decide_review",
    wire.CorrectPrincipal: "correct_principal",
    wire.CertificateIssued: "certificate_issued",
    wire.Resume: "resume",
    wire.GiveUp: "give_up",
    wire.CertificateRevoked: "certificate_revoked",
    wire.RequestRevocation: "request_revocation",
    wire.Revoke: "revoke",
    wire.Renewed: "renewed",
}
