# METADATA
# title: What keeps conftest from loading a bundle that is not for it
# description: >-
#   Such a bundle has no rules for conftest, and conftest would pass with "0 tests".
#   It refuses, wherever it stands, a rule of this name and form, and names the file
#   (open-policy-agent/opa#6509). The rule is never true and nobody reads it.
package lib.waxseal.guard

deny_conftest["here"] if false
