"""Wishes. One file per aggregate; imperative. A command becomes one receipt or one refusal, for ever the same."""

from contracts.commands import agent, brand, player, staff, wallet

Command = (
    wallet.WalletCommand | brand.BrandCommand | player.PlayerCommand | agent.AgentCommand | staff.StaffCommand
)

AnyCommand = (
    wallet.OpenWallet
    | wallet.Deposit
    | wallet.RequestDeposit
    | wallet.ApproveDeposit
    | wallet.RejectDeposit
    | wallet.CancelDeposit
    | wallet.ExpireDeposit
    | wallet.RequestWithdrawal
    | wallet.ApproveWithdrawal
    | wallet.StartWithdrawalPayment
    | wallet.PayOutWithdrawal
    | wallet.ReleaseWithdrawal
    | wallet.PlaceBet
    | wallet.CreditWin
    | wallet.RollBack
    | wallet.CloseRound
    | wallet.AdjustBalance
    | wallet.RequestAdjustment
    | wallet.ApproveAdjustment
    | wallet.RejectAdjustment
    | wallet.TransferOut
    | wallet.TransferIn
    | wallet.SetStakeLimit
    | wallet.BlockWallet
    | wallet.UnblockWallet
    | wallet.CloseWallet
    | brand.CreateBrand
    | brand.ChangeBrandSettings
    | brand.AddIntegration
    | brand.AddIntegrationKey
    | brand.RetireIntegrationKey
    | brand.CloseBusinessDay
    | player.RegisterPlayer
    | player.ApprovePlayer
    | player.RejectPlayer
    | player.BlockPlayer
    | player.UnblockPlayer
    | player.AssignPlayer
    | player.ResetPlayerPassword
    | player.ErasePlayer
    | agent.AddAgent
    | agent.MoveAgent
    | agent.BlockAgent
    | agent.UnblockAgent
    | agent.ResetAgentPassword
    | agent.AllowAgent
    | agent.DisallowAgent
    | staff.AddStaff
    | staff.ChangeStaffRights
    | staff.DisableStaff
    | staff.EnableStaff
    | staff.ResetStaffCredentials
)
"""Every command, as the wire decodes them (the tag field ``type`` is the class's name)."""
