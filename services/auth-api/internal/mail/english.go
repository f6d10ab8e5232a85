package mail

func english() language {
	return language{
		tag:    "en",
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		date:   "%d %s %d at %s UTC", on: "on", unknownDevice: "an unknown program", unknownAddress: "unknown",
		texts: map[Kind]text{
			PasswordChanged: {"Your password was changed", []string{
				"The password of your account at {service} was changed on {at}. Everybody else who was signed in has been signed out.",
				"If that was you, there is nothing to do.",
				"If it was not you, somebody knows your password. Set a new one at once, and look at the sign-ins of your account:",
				"{account}",
			}},
			NewDevice: {"New sign-in to your account", []string{
				"Somebody has signed in to your account at {service} on a device that is new, or that was last used with an older password.",
				"Time: {at}\nDevice: {device}\nAddress: {address}",
				"If that was you, there is nothing to do.",
				"If it was not you, somebody knows your password. Change it at once, and end that sign-in:",
				"{account}",
			}},
			ResetPassword: {"Your code for a new password", []string{
				"Somebody, probably you, wants to set a new password for your account at {service}. This is the code:",
				"{code}",
				"Type it on this page:",
				"{url}",
				"The code ends ten minutes after this mail was sent. Nobody else needs it: do not pass it on.",
				"If you did not ask for a code, do nothing. Your password stays as it is.",
			}},
			ChangeAddress: {"Your code for a new address", []string{
				"Somebody, probably you, wants this to be the address of an account at {service}. This is the code:",
				"{code}",
				"Type it where you asked for it, on this page:",
				"{url}",
				"The code ends ten minutes after this mail was sent. Nobody else needs it: do not pass it on.",
				"If you do not want that, do nothing.",
			}},
			AddressChanged: {"The address of your account was changed", []string{
				"Your account at {service} has had another address since {at}, and this one is no longer used.",
				"If that was you, there is nothing to do.",
				"If it was not you, take your account back within a day. This is the code:",
				"{code}",
				"Type it on this page, and set a new password:",
				"{url}",
				"That sets this address again, and ends everything: whoever changed it is signed out everywhere.",
			}},
			AddressSet: {"This is the address of your account", []string{
				"Your account at {service} has had this address since {at}. Sign in with it from now on.",
				"Whoever has the address from before can undo that for a day.",
				"{account}",
			}},
			AddressRestored: {"The change of an address was undone", []string{
				"The change of the address of an account at {service} was undone on {at}, with a code that was sent to the address from before. That is the account's address again, everybody who was signed in has been signed out, and a new password was set.",
				"If that was you, there is nothing more to do.",
				"If it was not you, and you have lost your account, ask whoever runs the service.",
			}},
			Registration: {"Your code for a new account", []string{
				"Somebody, probably you, wants to make an account for this address at {service}. This is the code:",
				"{code}",
				"Type it on this page, and choose a password:",
				"{url}",
				"The code ends ten minutes after this mail was sent. Nobody else needs it: do not pass it on.",
				"If you do not want an account, do nothing. Without the code there is none.",
			}},
			AlreadyRegistered: {"You have an account already", []string{
				"Somebody, probably you, wants to make an account for this address at {service}. You have one already, and it is as it was. Sign in:",
				"{account}",
				"If you have forgotten the password, set a new one:",
				"{reset}",
				"If that was not you, there is nothing to do.",
			}},
			Invitation: {"Your invitation", []string{
				"You are invited to make an account at {service}. This is the code:",
				"{code}",
				"Type it on this page, and choose a password:",
				"{url}",
				"The code ends seven days after this mail was sent. It is for this address alone.",
				"If you do not want an account, do nothing.",
			}},
			TokenEnds: {"One of your tokens ends soon", []string{
				"Your personal access token \"{name}\" at {service} ends on {ends}. What uses it stops working then.",
				"If you still need it, make a new one, and give it to what uses the old one:",
				"{tokens}",
				"If not, there is nothing to do.",
			}},
			FactorAdded: {"Signing in needs a second step now", []string{
				"A second step was turned on for your account at {service} on {at}: after your password, signing in asks for a code of your authenticator app, or for your passkey. Everybody else who was signed in has been signed out.",
				"Keep your recovery codes in a safe place: they sign you in if you lose your device.",
				"If it was not you, somebody knows your password. Set a new one at once, and ask whoever runs {service} to turn the second step off.",
			}},
			FactorRemoved: {"Signing in needs no second step any more", []string{
				"The second step was turned off for your account at {service} on {at}: your password alone signs in. Everybody else who was signed in has been signed out.",
				"If that was you, or you asked for it, there is nothing to do.",
				"If it was not you, change your password at once, and turn the second step on again:",
				"{account}",
			}},
			FactorsChanged: {"Your ways to sign in were changed", []string{
				"A passkey or an authenticator app was added to your account at {service}, or removed from it, on {at}. Otherwise signing in is as it was.",
				"If that was you, there is nothing to do.",
				"If it was not you, somebody uses your account. Change your password at once, and remove what you do not know:",
				"{account}",
			}},
			RecoveryCodesReplaced: {"You have new recovery codes", []string{
				"New recovery codes were made for your account at {service} on {at}. The old ones are void.",
				"If that was you, there is nothing to do.",
				"If it was not you, somebody uses your account. Change your password at once, and make new codes:",
				"{account}",
			}},
			WrongSecondStep: {"Somebody knows your password", []string{
				"On {at} somebody typed the right password of your account at {service}, and then a wrong code.",
				"If that was you, there is nothing to do.",
				"If it was not you, somebody knows your password. They are not signed in. Change it at once:",
				"{account}",
			}},
			PasswordWasReset: {"A new password was set", []string{
				"A new password was set for your account at {service} on {at}, with a code that was sent to this address. Everybody who was signed in has been signed out, and all apps and personal tokens have ended.",
				"If that was you, there is nothing more to do.",
				"If it was not you, somebody can read your mail. Change the password of your mailbox first, then that of your account:",
				"{account}",
			}},
		},
	}
}
