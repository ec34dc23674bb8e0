package lib.waxseal.authority_test

import data.lib.waxseal.authority

test_made_for if {
	ref := "registry.example/team/x:1"
	own := {"repository": "registry.example/team/x"}
	other := {"repository": "registry.example/other/x"}
	bundle := {"repository": ""}
	authority.made_for([own], _good, ref)
	authority.made_for([bundle], _good, ref)
	authority.made_for([other, own], _good, ref)
	authority.made_for([other], object.union(_good, {"repositories": ["registry.example/other/*"]}), ref)
	not authority.made_for([], _good, ref)
	not authority.made_for([other], _good, ref)
	not authority.made_for([{}], _good, ref)
	two := object.union(_good, {"threshold": 2})
	authority.made_for([own, bundle], two, ref)
	not authority.made_for([own, other], two, ref)
	not authority.made_for([], two, ref)
}
