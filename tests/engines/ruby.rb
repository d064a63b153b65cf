# One JSON object a line in: {"pattern", "dialect", "mode", "inputs"}; one a line out:
# {"compiles": false} or {"compiles": true, "accepts": [bool...]}.
require 'json'
$VERBOSE = nil
STDOUT.sync = true
STDIN.set_encoding('UTF-8')
STDIN.each_line do |line|
  job = JSON.parse(line)
  p, mode = job['pattern'], job['mode']
  out = { compiles: false }
  begin
    Regexp.new(p)
    r = case mode
        when 'search' then Regexp.new(p)
        when 'prefix' then Regexp.new("\\A(?:#{p})")
        when 'full' then Regexp.new("\\A(?:#{p})\\z")
        else Regexp.new("^(?:#{p})$")
        end
    out = { compiles: true, accepts: job['inputs'].map { |s| r.match?(s) } }
  rescue RegexpError, ArgumentError
  end
  puts JSON.generate(out)
end
