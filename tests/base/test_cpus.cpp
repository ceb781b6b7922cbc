#include <boost/test/unit_test.hpp>

#include <sched.h>
#include <thread>
#include <unistd.h>

#include "../temporary_folder.hpp"
#include "base/cpus.hpp"
#include "base/file.hpp"
#include "base/memory.hpp"

using danas::cpu_quota;
using danas::memory_limit;
using danas::test::TemporaryFolder;

namespace {

/// A root folder with files of control groups in it.
class Root {
 public:
  void write(const std::filesystem::path& file, const std::string& content) const {
    danas::make_folder((folder_.path() / file).parent_path());
    danas::write_file(folder_.path() / file, content);
  }
  double quota() const { return cpu_quota(folder_.path()).value_or(0); }
  double memory() const { return memory_limit(folder_.path()).value_or(0); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_machine_without_control_groups_has_no_quota) { BOOST_TEST(Root().quota() == 0); }

BOOST_AUTO_TEST_CASE(the_smallest_quota_of_a_group_and_those_above_it_counts) {
  const Root root;
  root.write("proc/self/cgroup", "0::/pod/job\n");
  root.write("sys/fs/cgroup/pod/job/cpu.max", "max 100000\n");
  BOOST_TEST(root.quota() == 0);
  root.write("sys/fs/cgroup/pod/cpu.max", "250000 100000\n");
  BOOST_TEST(root.quota() == 2.5);
  root.write("sys/fs/cgroup/pod/job/cpu.max", "50000 20000\n");
  root.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  BOOST_TEST(root.quota() == 1.5);
  root.write("sys/fs/cgroup/pod/job/cpu.max", "10000 100000\n");
  BOOST_TEST(root.quota() == 0.1);
}

// In a namespace of its own a process sees its group as the root.
BOOST_AUTO_TEST_CASE(the_quota_of_a_container_is_at_the_mount) {
  const Root root;
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  BOOST_TEST(root.quota() == 2);
}

BOOST_AUTO_TEST_CASE(version_1_has_a_hierarchy_of_its_own) {
  const Root root;
  root.write("proc/self/cgroup", "12:cpuset:/other\n4:cpu,cpuacct:/docker/1\n0::/ignored\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(root.quota() == 0);
  root.write("sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "300000\n");
  BOOST_TEST(root.quota() == 3);
}

BOOST_AUTO_TEST_CASE(what_is_no_quota_is_none) {
  const Root root;
  root.write("proc/self/cgroup", "0::/\n");
  for (const char* content :
       {"", "\n", "max\n", "0 100000\n", "100000 0\n", "-1 100000\n", "many few\n", "1e999 1\n"}) {
    root.write("sys/fs/cgroup/cpu.max", content);
    BOOST_TEST(root.quota() == 0);
  }
}

BOOST_AUTO_TEST_CASE(usable_cpus_follow_the_affinity) {
  BOOST_TEST(danas::usable_cpus() >= 1);
  int allowed = 0;
  std::thread([&] {  // the mask of this thread alone
    cpu_set_t all, one;
    CPU_ZERO(&one);
    BOOST_REQUIRE_EQUAL(::sched_getaffinity(0, sizeof all, &all), 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &all)) ++cpu;
    CPU_SET(cpu, &one);
    BOOST_REQUIRE_EQUAL(::sched_setaffinity(0, sizeof one, &one), 0);
    allowed = danas::usable_cpus();
  })
      .join();
  BOOST_TEST(allowed == 1);
}

BOOST_AUTO_TEST_CASE(memory_is_limited_by_groups_too) {
  const Root root;
  BOOST_TEST(root.memory() == 0);
  root.write("proc/self/cgroup", "0::/pod/job\n");
  root.write("sys/fs/cgroup/pod/job/memory.max", "max\n");
  BOOST_TEST(root.memory() == 0);
  root.write("sys/fs/cgroup/pod/memory.max", "1073741824\n");
  BOOST_TEST(root.memory() == 0x1p30);
  root.write("sys/fs/cgroup/pod/job/memory.max", "junk\n");
  BOOST_TEST(root.memory() == 0x1p30);
}

BOOST_AUTO_TEST_CASE(memory_of_version_1) {
  const Root root;
  root.write("proc/self/cgroup", "9:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n");
  root.write("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "536870912\n");
  BOOST_TEST(root.memory() == 0x1p29);
}

BOOST_AUTO_TEST_CASE(usable_memory_is_at_most_the_machines) {
  const double machine = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  BOOST_TEST(danas::usable_memory() > 0);
  BOOST_TEST(danas::usable_memory() <= machine);
}
