# Proofs by CBMC, in the lab's Debian 13 ($(TRIXIE)). tests/lab/lab.mk states
# where that is, and that making it takes root.
#   make proof [P='NAME...']          all of them, or some
#   make proof-bites [P='NAME...']    break the code: the proofs must fail

# Unpacked only: CBMC's package would install a compiler, of which it needs the
# preprocessor, and finds this machine's.
PROOF_PKGS = +cbmc +minisat libstdc++6

.PHONY: proof proof-bites proof-deps
proof-deps:
	@sh boards/posix/deps.sh gcc libc6-dev python3 util-linux
	@$(MAKE) --no-print-directory trixie PKGS='$(PROOF_PKGS)'

proof: proof-deps ## prove that the parsers are safe and end (P=NAME: some)
	@python3 tests/proof/run.py $(TRIXIE) $(BUILD)/proof $(P)

proof-bites: proof-deps ## break the parsers on purpose: each proof must notice
	@python3 tests/proof/run.py --bites $(TRIXIE) $(BUILD)/proof $(P)
