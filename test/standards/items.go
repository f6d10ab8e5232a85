package main

// item is a requirement of a standard that applies here.
type item struct {
	standard, number, about string
	// tests prove it. Without tests, or with some that prove only a part, why says what is
	// missing.
	tests []string
	why   string
}

const (
	asvs = "ASVS 5.0"
	bcp  = "RFC 9700"
	// browser is OAuth for Browser-Based Apps (BCP 212).
	browser = "RFC 10017"
)

// items are the requirements. They are in the words of this repository; the number leads to
// the standard's own.
func items() []item {
	return []item{
		{asvs, "6.1.1", "limits of sign-ins are documented, and keep no owner out", []string{"TestTenGuessesAnHourAtAnAccountFromWhateverAddresses", "TestGuessersCannotKeepAKnownDeviceOut"}, ""},
		{asvs, "6.2.1", "passwords have a least length", []string{"TestPolicyDecides"}, ""},
		{asvs, "6.2.3", "changing a password takes the old one", []string{"TestARefusedPasswordChangeChangesNothing"}, ""},
		{asvs, "6.2.4", "common passwords are refused", []string{"TestPolicyDecides", "TestCommonPasswordsAreManyAndCanBeFound"}, ""},
		{asvs, "6.2.5", "no rules of composition", []string{"TestPolicyDecides"}, ""},
		{asvs, "6.2.8", "a password is verified as it was typed", []string{"TestPolicyDecides"}, "Unicode is brought into its normal form C, which the standard does not ask for"},
		{asvs, "6.2.9", "long passwords are accepted", []string{"TestPolicyDecides"}, ""},
		{asvs, "6.2.11", "names of the service are no passwords", []string{"TestBadBodiesGetClearAnswers"}, ""},
		{asvs, "6.2.12", "breached passwords are refused", nil, "the list has common passwords, and is small"},
		{asvs, "6.3.1", "guessing and stuffing are limited", []string{"TestParallelGuessesAtAnAccountStayInItsLimit", "TestHundredMissesEndStrangersPassword", "TestReplicasAndDoorsShareALimit"}, ""},
		{asvs, "6.3.2", "no default accounts", []string{"TestReleaseHoldsNothingOfDevelopment"}, ""},
		{asvs, "6.3.4", "every way to sign in has the same protection", []string{"TestReplicasAndDoorsShareALimit"}, ""},
		{asvs, "6.3.7", "people are told of changes of their credentials", []string{"TestOwnerIsToldOfSignInsOnNewDevices", "TestOwnerIsToldOfAChangedPassword", "TestForgottenPasswordIsSetByMail"}, ""},
		{asvs, "6.3.8", "no answer tells who has an account", []string{"TestNoRefusalOrRegistrationDoesOtherWorkForKnownPeople", "TestAccountIsMadeWithTheCodeOfTheMail", "TestWrongPasswordAndUnknownAccountCannotBeTold"}, ""},
		{asvs, "6.4.1", "codes of mails are random, short-lived and set no password by themselves", []string{"TestLifetimeBeginsWhenTheMailIsHandedOver", "TestInvitationIsGoodForDaysAndMakesAVerifiedAccount"}, ""},
		{asvs, "6.4.3", "resetting a password does not pass a second factor", []string{"TestForgottenPasswordIsSetOnPages", "TestResetStillAsksFactor"}, "a reset signs nobody in"},
		{asvs, "6.5.1", "codes are used once", []string{"TestCodeIsGoodOnceHoweverItIsTyped", "TestOfTwoAtOnceOneSpendsTheCode", "TestParallelCodeWinsOnce", "TestOlderStepIsNotTakenAfterANewerOne"}, ""},
		{asvs, "6.5.2", "codes are stored as keyed hashes, secrets of authenticator apps encrypted", []string{"TestDumpHoldsNoCode", "TestDumpHoldsNoSeed"}, "recovery codes have 120 random bits, so that a hash without a key does"},
		{asvs, "6.5.5", "codes of apps are good for 30 seconds, with one step of drift", []string{"TestCodesAreThoseOfTheRFC"}, ""},
		{asvs, "6.6.2", "a code is bound to what it is for", []string{"TestCodeProvesOnlyItsAddress", "TestInvitationIsForItsAddressAlone", "TestChangeVoidsOpenCodes"}, ""},
		{asvs, "6.6.3", "guessing codes is limited", []string{"TestFifthMissKillsCode", "TestParallelGuessesStayWithinTheMisses", "TestAddressIsSentOnlySoMany", "TestNewChallengeBringsNoNewTries", "TestManyMissesLeaveOnlyRecoveryCodes"}, ""},
		{asvs, "6.8.1", "identities of others are kept apart by issuer", nil, "there are none yet"},
		{asvs, "7.1.1", "lifetimes of sessions are documented", []string{"TestSessionEndsWhenIdleAndAtItsLifetime"}, ""},
		{asvs, "7.1.2", "the number of sessions is limited, and documented", []string{"TestSessionUnusedLongestMakesRoom", "TestSignInsThatRaceKeepToTheLimit"}, ""},
		{asvs, "7.2.3", "tokens are random enough", []string{"TestMintTakesEnoughRandomness", "TestNoTokenIsMadeWithoutRandomness"}, ""},
		{asvs, "7.2.4", "signing in makes a new token", []string{"TestTokensDiffer"}, "a change of the password keeps the token that asked for it"},
		{asvs, "7.3.1", "sessions end when they are not used", []string{"TestUnusedSessionEnds", "TestSessionEndsWhenIdleAndAtItsLifetime"}, ""},
		{asvs, "7.3.2", "sessions end at a given age", []string{"TestUsedSessionLivesToItsLifetime"}, ""},
		{asvs, "7.4.1", "an ended session is of no use, anywhere", []string{"TestEveryEventIsSeenAtEveryDoor", "TestNoTokenIsAcceptedAfterItsEndWhateverFails"}, ""},
		{asvs, "7.4.2", "disabling or deleting an account ends its sessions", []string{"TestDeletedAccountLeavesNothing", "TestNothingIsIssuedToDisabledSubjects"}, ""},
		{asvs, "7.4.3", "a changed password ends the other sessions", []string{"TestChangedPasswordEndsTheOtherSessions"}, ""},
		{asvs, "7.4.5", "administrators can end somebody's sessions", []string{"TestEveryEventIsSeenAtEveryDoor"}, "only together with disabling the account"},
		{asvs, "7.5.1", "changes of an account take a recent sign-in", []string{"TestAddressChangeNeedsStepUp", "TestAddingFactorNeedsStepUp", "TestExportNeedsARecentSignInOfOnesOwn", "TestPasswordAloneChangesNothingOfAnAccountWithASecondFactor"}, "without a second factor, changing the password and deleting the account take the password itself"},
		{asvs, "7.5.2", "people see and end their sessions, after signing in anew", []string{"TestListsAndEndsSessions", "TestEndingOtherSessionsNeedsARecentSignIn"}, ""},
		{asvs, "8.3.2", "changed rights count at once (level 3)", []string{"TestARoleNarrowsTheLiveTokensOfAllWhoHaveIt", "TestLiveTokensLoseRemovedScopes"}, ""},
		{asvs, "10.3.1", "an API accepts only tokens for it", []string{"TestClientsAreToldOfTokensForTheirOwnAPI", "TestGuardWithoutAnAudienceRefusesEverybody"}, ""},
		{asvs, "10.4.1", "redirect addresses are compared byte by byte", []string{"TestWrongClientOrRedirectStaysHere", "TestPortOfANativeClientIsFreeOnItsDevice"}, ""},
		{asvs, "10.4.2", "a code is used once, and its reuse ends what it gave", []string{"TestOfManyExchangesAtOnceOneWinsAndIsEndedByTheOthers"}, ""},
		{asvs, "10.4.3", "codes are short-lived", []string{"TestCodeDiesWithWhateverItCameFrom"}, ""},
		{asvs, "10.4.4", "the password grant is not used", []string{"TestPasswordFormIsOffUnlessSwitchedOn"}, ""},
		{asvs, "10.4.5", "refresh tokens rotate, and their reuse ends the family", []string{"TestReuseAfterTheGraceWindowEndsItsFamilyAndNoOther", "TestManyRefreshesAtOnceGetOneSuccessor"}, ""},
		{asvs, "10.4.6", "PKCE is required, by S256 alone", []string{"TestWhatIsWrongWithARequestIsToldAfterSignIn", "TestExemptClientNeedsNoPKCEAndPublicOnesAreNeverExempt"}, ""},
		{asvs, "10.4.8", "refresh tokens have an end of their own", []string{"TestEndedFamilyCannotBeRefreshedEvenWithinTheGraceWindow"}, ""},
		{asvs, "10.4.9", "people can end refresh tokens and access tokens", []string{"TestPersonSeesAndEndsWhatWasLetIn", "TestEveryEventIsSeenAtEveryDoor"}, ""},
		{asvs, "10.5.1", "ID tokens carry the nonce", []string{"TestRealClientSignsPeopleInWithOpenIDConnect"}, ""},
		{asvs, "10.7.1", "people are asked before an app is let in", []string{"TestConsentIsAskedForWhatIsNewAndOnEveryDevice", "TestApprovalCountsOnlyInTheSessionThatWasAsked"}, ""},
		{asvs, "11.2.2", "keys can be rotated", []string{"TestKeysRotateWithoutSigningAnybodyOut", "TestRotatedSecretsFailNoRequest"}, ""},
		{asvs, "11.4.2", "passwords are hashed with argon2id", []string{"TestRehashesAtSignInWhenTheCostsRise", "TestPepperIsNeededToGuess"}, ""},
		{asvs, "16.2.5", "the log has no secrets", []string{"TestNothingUsableIsWrittenDown", "TestNoSecretIsShownInAnyWay"}, ""},
		{asvs, "16.3.1", "every sign-in is logged, good or bad", []string{"TestEveryRouteAndCommandLeavesOneEvent", "TestKilledServiceLeavesOneEventForEachActThatWasDone", "TestFloodKeepsOldEvents"}, ""},
		{asvs, "16.4.1", "nobody can forge lines of a log", []string{"TestNameForgesNoLine"}, ""},
		{asvs, "16.4.2", "logs cannot be changed", []string{"TestServicesUserMayNotDoWhatAThiefWould"}, ""},
		{asvs, "16.5.1", "errors tell callers no internals", []string{"TestCauseIsInTheLogAlone", "TestEveryAnswerToRandomRequestsIsDocumented"}, ""},
		{asvs, "16.5.2", "failures of the stores are borne", []string{"TestRedisDownIs503AndComesBack", "TestPostgresDownStopsSignInsOnly"}, ""},
		{asvs, "16.5.3", "what fails, fails closed", []string{"TestHangingRedisLeavesATenthAndIsLoggedOnce", "TestErrorOfRedisIsUnavailable"}, ""},
		{bcp, "2.1", "redirects: exact addresses, no open redirectors, no mix-up", []string{"TestWrongClientOrRedirectStaysHere", "TestAnswerIsAppendedToTheRedirectURI"}, ""},
		{bcp, "2.1.1", "PKCE, and no way around it", []string{"TestCodeIsBoundToAllThatItWasMadeFor", "TestExemptClientNeedsNoPKCEAndPublicOnesAreNeverExempt"}, "a confidential client can be exempted by an administrator"},
		{bcp, "2.1.2", "no implicit grant", []string{"TestWhatIsWrongWithARequestIsToldAfterSignIn"}, ""},
		{bcp, "2.2.1", "tokens are bound to their sender", nil, "not yet: bearer tokens can be ended at once instead"},
		{bcp, "2.2.2", "refresh tokens rotate", []string{"TestReuseAfterTheGraceWindowEndsItsFamilyAndNoOther", "TestLostAnswersEndNoHonestFamily"}, ""},
		{bcp, "2.3", "tokens can do no more than they have to, and are for an API", []string{"TestClientsAreToldOfTokensForTheirOwnAPI", "TestTokenHasTheScopesThatWereAskedFor"}, ""},
		{bcp, "2.4", "no password grant", []string{"TestPasswordFormIsOffUnlessSwitchedOn"}, ""},
		{bcp, "2.5", "clients authenticate", []string{"TestOnlyClientsMayIntrospect", "TestClientsLiveFromCreateToDisable"}, ""},
		{bcp, "2.6", "metadata are published", []string{"TestMetadataNamesTheIssuerThatIsSet"}, ""},
		{bcp, "4.3", "tokens in addresses are refused", []string{"TestTwoTokensInOneRequestAreRefused"}, ""},
		{bcp, "4.9", "a token that leaks at an API is of no use at another", []string{"TestClientsAreToldOfTokensForTheirOwnAPI", "TestVerifyDecidesByThePolicyOfItsURL"}, ""},
		{bcp, "4.5", "a code that leaks is of no use", []string{"TestCodeIsBoundToAllThatItWasMadeFor", "TestCodeIsOfNoUseTwiceAndEndsWhatItGave"}, ""},
		{bcp, "4.8", "nobody can strip PKCE from a request", []string{"TestExemptClientNeedsNoPKCEAndPublicOnesAreNeverExempt"}, ""},
		{bcp, "4.10", "a stolen token can be ended", []string{"TestEveryEventIsSeenAtEveryDoor"}, "it is a bearer token until then"},
		{bcp, "4.11", "the authorization server redirects nobody before they have signed in", []string{"TestWhatIsWrongWithARequestIsToldAfterSignIn"}, ""},
		{bcp, "4.13", "headers of proxies cannot be forged", []string{"TestVerifyIgnoresWhatClientsCanSend", "TestClientAddressIsTheNearestUntrustedOne", "TestNoSmuggledRequestIsRun"}, ""},
		{bcp, "4.15", "a client cannot pass for a person", []string{"TestTokenOfAClientPassesAndHasNoAccount"}, ""},
		{browser, "6.3.2", "browser apps use codes with PKCE, and exact redirects", []string{"TestWrongClientOrRedirectStaysHere", "TestWhatIsWrongWithARequestIsToldAfterSignIn"}, ""},
		{browser, "6.3.2.3", "their refresh tokens rotate, and do not live for ever", []string{"TestReuseAfterTheGraceWindowEndsItsFamilyAndNoOther", "TestOfflineAccessOutlivesTheSessionAndNothingElseDoes"}, ""},
	}
}
