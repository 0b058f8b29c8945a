"""Wishes. One file per aggregate; imperative. A command becomes one receipt or one refusal, for ever the same."""

from contracts.commands import brand, wallet

Command = wallet.WalletCommand | brand.BrandCommand

AnyCommand = (
    wallet.OpenWallet
    | wallet.Deposit
    | wallet.RequestWithdrawal
    | wallet.PayOutWithdrawal
    | wallet.ReleaseWithdrawal
    | wallet.PlaceBet
    | wallet.CreditWin
    | wallet.RollBack
    | wallet.CloseRound
    | wallet.AdjustBalance
    | wallet.SetStakeLimit
    | wallet.BlockWallet
    | wallet.UnblockWallet
    | wallet.CloseWallet
    | brand.CreateBrand
    | brand.ChangeBrandSettings
    | brand.AddIntegration
    | brand.AddIntegrationKey
    | brand.RetireIntegrationKey
)
"""Every command, as the wire decodes them (the tag field ``type`` is the class's name)."""
