(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 0
    i32.wrap_i64
    local.set 10
    ;; 0
    local.get 10
    i32.load align=1
    local.set 11
    ;; 1
    i32.const 100
    local.set 9
    ;; 2
    local.get 11
    i64.extend_i32_u
    i64.const 33
    i64.shl
    local.set 1
    ;; 3
    local.get 1
    local.tee 7
    i64.eqz
    if (result i64)
      i64.const 0
    else
      local.get 9
      i64.extend_i32_u
      local.get 7
      i64.div_u
    end
    i32.wrap_i64
    local.set 9
    ;; 4
    local.get 9
    i64.extend_i32_u
    i64.const 7
    i64.rem_s
    local.set 6
    ;; 5
    local.get 6
    return
    unreachable
  )
)
