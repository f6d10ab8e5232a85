package mail

func german() language {
	return language{
		tag:    "de",
		months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		date:   "%d. %s %d um %s UTC", on: "unter", unknownDevice: "ein unbekanntes Programm", unknownAddress: "unbekannt",
		texts: map[Kind]text{
			PasswordChanged: {"Ihr Passwort wurde geändert", []string{
				"Das Passwort Ihres Kontos bei {service} wurde am {at} geändert. Alle anderen Anmeldungen wurden beendet.",
				"Wenn Sie das waren, brauchen Sie nichts zu tun.",
				"Wenn nicht, kennt jemand Ihr Passwort. Setzen Sie sofort ein neues und sehen Sie die Anmeldungen Ihres Kontos durch:",
				"{account}",
			}},
			NewDevice: {"Neue Anmeldung an Ihrem Konto", []string{
				"Jemand hat sich an Ihrem Konto bei {service} mit einem Gerät angemeldet, das neu ist oder zuletzt mit einem älteren Passwort benutzt wurde.",
				"Zeit: {at}\nGerät: {device}\nAdresse: {address}",
				"Wenn Sie das waren, brauchen Sie nichts zu tun.",
				"Wenn nicht, kennt jemand Ihr Passwort. Ändern Sie es sofort und beenden Sie diese Anmeldung:",
				"{account}",
			}},
			ResetPassword: {"Ihr Code für ein neues Passwort", []string{
				"Jemand, vermutlich Sie, möchte ein neues Passwort für Ihr Konto bei {service} setzen. Das ist der Code:",
				"{code}",
				"Geben Sie ihn auf dieser Seite ein:",
				"{url}",
				"Der Code gilt zehn Minuten ab dem Versand dieser Mail. Niemand sonst braucht ihn: Geben Sie ihn nicht weiter.",
				"Wenn Sie keinen Code angefordert haben, tun Sie nichts. Ihr Passwort bleibt, wie es ist.",
			}},
			ChangeAddress: {"Ihr Code für eine neue Adresse", []string{
				"Jemand, vermutlich Sie, möchte, dass ein Konto bei {service} diese Adresse hat. Das ist der Code:",
				"{code}",
				"Geben Sie ihn dort ein, wo Sie ihn angefordert haben, auf dieser Seite:",
				"{url}",
				"Der Code gilt zehn Minuten ab dem Versand dieser Mail. Niemand sonst braucht ihn: Geben Sie ihn nicht weiter.",
				"Wenn Sie das nicht möchten, tun Sie nichts.",
			}},
			AddressChanged: {"Die Adresse Ihres Kontos wurde geändert", []string{
				"Ihr Konto bei {service} hat seit dem {at} eine andere Adresse. Diese hier wird nicht mehr benutzt.",
				"Wenn Sie das waren, brauchen Sie nichts zu tun.",
				"Wenn nicht, holen Sie Ihr Konto innerhalb eines Tages zurück. Das ist der Code:",
				"{code}",
				"Geben Sie ihn auf dieser Seite ein und setzen Sie ein neues Passwort:",
				"{url}",
				"Damit hat das Konto wieder diese Adresse, und alles endet: Wer sie geändert hat, ist überall abgemeldet.",
			}},
			AddressSet: {"Das ist die Adresse Ihres Kontos", []string{
				"Ihr Konto bei {service} hat seit dem {at} diese Adresse. Melden Sie sich künftig mit ihr an.",
				"Wer die Adresse von vorher hat, kann das einen Tag lang rückgängig machen.",
				"{account}",
			}},
			AddressRestored: {"Eine Änderung der Adresse wurde rückgängig gemacht", []string{
				"Die Änderung der Adresse eines Kontos bei {service} wurde am {at} rückgängig gemacht, mit einem Code, der an die Adresse von vorher ging. Das Konto hat wieder diese, alle Anmeldungen wurden beendet, und ein neues Passwort wurde gesetzt.",
				"Wenn Sie das waren, brauchen Sie nichts weiter zu tun.",
				"Wenn nicht, und Sie Ihr Konto verloren haben, fragen Sie den, der den Dienst betreibt.",
			}},
			Registration: {"Ihr Code für ein neues Konto", []string{
				"Jemand, vermutlich Sie, möchte für diese Adresse ein Konto bei {service} anlegen. Das ist der Code:",
				"{code}",
				"Geben Sie ihn auf dieser Seite ein und wählen Sie ein Passwort:",
				"{url}",
				"Der Code gilt zehn Minuten ab dem Versand dieser Mail. Niemand sonst braucht ihn: Geben Sie ihn nicht weiter.",
				"Wenn Sie kein Konto möchten, tun Sie nichts. Ohne den Code entsteht keines.",
			}},
			AlreadyRegistered: {"Sie haben schon ein Konto", []string{
				"Jemand, vermutlich Sie, möchte für diese Adresse ein Konto bei {service} anlegen. Sie haben schon eines, und es ist, wie es war. Melden Sie sich an:",
				"{account}",
				"Wenn Sie das Passwort vergessen haben, setzen Sie ein neues:",
				"{reset}",
				"Wenn Sie das nicht waren, brauchen Sie nichts zu tun.",
			}},
			Invitation: {"Ihre Einladung", []string{
				"Sie sind eingeladen, ein Konto bei {service} anzulegen. Das ist der Code:",
				"{code}",
				"Geben Sie ihn auf dieser Seite ein und wählen Sie ein Passwort:",
				"{url}",
				"Der Code gilt sieben Tage ab dem Versand dieser Mail. Er ist nur für diese Adresse.",
				"Wenn Sie kein Konto möchten, tun Sie nichts.",
			}},
			TokenEnds: {"Eines Ihrer Token läuft bald ab", []string{
				"Ihr persönliches Token „{name}“ bei {service} läuft am {ends} ab. Was es benutzt, funktioniert dann nicht mehr.",
				"Wenn Sie es noch brauchen, erstellen Sie ein neues und geben Sie es dem, was das alte benutzt:",
				"{tokens}",
				"Wenn nicht, brauchen Sie nichts zu tun.",
			}},
			FactorAdded: {"Die Anmeldung hat jetzt einen zweiten Schritt", []string{
				"Für Ihr Konto bei {service} wurde am {at} ein zweiter Schritt eingeschaltet: Nach dem Passwort fragt die Anmeldung nach einem Code Ihrer Authenticator-App oder nach Ihrem Passkey. Alle anderen Anmeldungen wurden beendet.",
				"Bewahren Sie Ihre Wiederherstellungscodes sicher auf: Mit ihnen melden Sie sich an, wenn Sie Ihr Gerät verlieren.",
				"Wenn Sie das nicht waren, kennt jemand Ihr Passwort. Setzen Sie sofort ein neues und bitten Sie den Betreiber von {service}, den zweiten Schritt auszuschalten.",
			}},
			FactorRemoved: {"Die Anmeldung hat keinen zweiten Schritt mehr", []string{
				"Für Ihr Konto bei {service} wurde am {at} der zweite Schritt ausgeschaltet: Das Passwort allein genügt zur Anmeldung. Alle anderen Anmeldungen wurden beendet.",
				"Wenn Sie das waren oder darum gebeten haben, brauchen Sie nichts zu tun.",
				"Wenn nicht, ändern Sie sofort Ihr Passwort und schalten Sie den zweiten Schritt wieder ein:",
				"{account}",
			}},
			FactorsChanged: {"Ihre Anmeldewege wurden geändert", []string{
				"Zu Ihrem Konto bei {service} kam am {at} ein Passkey oder eine Authenticator-App hinzu, oder wurde entfernt. Sonst bleibt die Anmeldung, wie sie war.",
				"Wenn Sie das waren, brauchen Sie nichts zu tun.",
				"Wenn nicht, benutzt jemand Ihr Konto. Ändern Sie sofort Ihr Passwort und entfernen Sie, was Sie nicht kennen:",
				"{account}",
			}},
			RecoveryCodesReplaced: {"Sie haben neue Wiederherstellungscodes", []string{
				"Für Ihr Konto bei {service} wurden am {at} neue Wiederherstellungscodes erstellt. Die alten gelten nicht mehr.",
				"Wenn Sie das waren, brauchen Sie nichts zu tun.",
				"Wenn nicht, benutzt jemand Ihr Konto. Ändern Sie sofort Ihr Passwort und erstellen Sie neue Codes:",
				"{account}",
			}},
			WrongSecondStep: {"Jemand kennt Ihr Passwort", []string{
				"Am {at} hat jemand das richtige Passwort Ihres Kontos bei {service} eingegeben und danach einen falschen Code.",
				"Wenn Sie das waren, brauchen Sie nichts zu tun.",
				"Wenn nicht, kennt jemand Ihr Passwort. Angemeldet ist er nicht. Ändern Sie es sofort:",
				"{account}",
			}},
			PasswordWasReset: {"Ein neues Passwort wurde gesetzt", []string{
				"Für Ihr Konto bei {service} wurde am {at} ein neues Passwort gesetzt, mit einem Code, der an diese Adresse ging. Alle Anmeldungen, Apps und persönlichen Token wurden beendet.",
				"Wenn Sie das waren, brauchen Sie nichts weiter zu tun.",
				"Wenn nicht, kann jemand Ihre Mails lesen. Ändern Sie zuerst das Passwort Ihres Postfachs und dann das Ihres Kontos:",
				"{account}",
			}},
		},
	}
}
