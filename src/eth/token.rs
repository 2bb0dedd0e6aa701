//! ERC-20: the functions of any token that payments need.

#![allow(missing_docs, reason = "the names are the standard's")]

alloy_sol_types::sol! {
    function allowance(address owner, address spender) external view returns (uint256);
    function balanceOf(address owner) external view returns (uint256);
    function approve(address spender, uint256 value) external returns (bool);
}
